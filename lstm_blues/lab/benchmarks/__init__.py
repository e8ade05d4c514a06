"""What the benchmark computes: speeds of engines and peers, and whether this machine's runs are
those that were stored."""

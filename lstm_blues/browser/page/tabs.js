// @ts-check
/** The parts as tabs: one is shown, arrow keys go from one to the next. */

/**
 * @param {HTMLElement} list with role tablist
 * @param {(name: string) => void} choose is told the name of a tab that was chosen
 * @returns {{names: string[], show: (name: string) => void}} `show` selects a tab and its panel
 */
export function tabs(list, choose) {
  const all = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("[role=tab]")]);
  const names = all.map((tab) => tab.id.replace(/^tab-/, ""));

  list.addEventListener("click", (event) => {
    const tab = event.target instanceof Element ? event.target.closest("[role=tab]") : null;
    if (tab) choose(tab.id.replace(/^tab-/, ""));
  });
  list.addEventListener("keydown", (event) => {
    const at = all.findIndex((tab) => tab === document.activeElement);
    const to = {
      ArrowRight: (at + 1) % all.length,
      ArrowLeft: (at + all.length - 1) % all.length,
      Home: 0,
      End: all.length - 1,
    }[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    all[to].focus();
    choose(names[to]);
  });

  return {
    names,
    show(name) {
      for (const tab of all) {
        const chosen = tab.id === `tab-${name}`;
        tab.setAttribute("aria-selected", String(chosen));
        tab.tabIndex = chosen ? 0 : -1;
        const panel = document.getElementById(tab.getAttribute("aria-controls") ?? "");
        if (panel) panel.hidden = !chosen;
      }
    },
  };
}

/* Calls functions of a kernel on an image of its memory, for machines that Python does not run on and
 * for sanitizers: every array is a block of its own, so that these see a step beyond its end.
 *
 *   main IMAGE CALLS RESULT
 *
 * kernels.py, Run, says what stands in the files.  Prints what each call returned. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int64_t learn(void *, const void *, const void *, const void *, const void *, const void *,
              const void *, const void *, void *, void *, int64_t);
int64_t begin_melody(void *, void *);
int64_t listen(const void *, const void *, const void *, int64_t, int64_t, int64_t, void *);
int64_t free_run(const void *, const void *, const void *, const void *, int64_t, int64_t, int64_t,
                 int64_t, const void *, const void *, int64_t, void *, void *, void *);
int64_t play_step(const void *, const void *, int64_t, void *, void *, const void *, int64_t,
                  const void *, const void *, int64_t, void *, void *, void *, void *, void *);

enum { MOST_ARRAYS = 64, MOST_ARGUMENTS = 16 };
static struct {
  char *block;
  long offset, length;
} arrays[MOST_ARRAYS];
static int count;

static void fail(const char *what) {
  fprintf(stderr, "%s (%s)\n", what, strerror(errno));
  exit(2);
}

static FILE *opened(const char *path, const char *mode) {
  FILE *file = fopen(path, mode);
  if (!file) fail(path);
  return file;
}

/* An argument: a whole number, `-` for a null pointer, or @ARRAY+OFFSET in bytes. */
typedef struct {
  void *pointer;
  int64_t number;
} Argument;

static Argument argument(const char *word) {
  Argument found = {NULL, 0};
  int array;
  long offset;
  if (sscanf(word, "@%d+%ld", &array, &offset) == 2) {
    if (array < 0 || array >= count) fail(word);
    found.pointer = arrays[array].block + offset;
  } else if (strcmp(word, "-") != 0) {
    found.number = strtoll(word, NULL, 10);
  }
  return found;
}

static int64_t call(const char *name, const Argument *a) {
#define P(n) a[n].pointer
#define N(n) a[n].number
  if (!strcmp(name, "learn"))
    return learn(P(0), P(1), P(2), P(3), P(4), P(5), P(6), P(7), P(8), P(9), N(10));
  if (!strcmp(name, "begin_melody")) return begin_melody(P(0), P(1));
  if (!strcmp(name, "listen")) return listen(P(0), P(1), P(2), N(3), N(4), N(5), P(6));
  if (!strcmp(name, "free_run"))
    return free_run(P(0), P(1), P(2), P(3), N(4), N(5), N(6), N(7), P(8), P(9), N(10), P(11), P(12),
                    P(13));
  if (!strcmp(name, "play_step"))
    return play_step(P(0), P(1), N(2), P(3), P(4), P(5), N(6), P(7), P(8), N(9), P(10), P(11), P(12),
                     P(13), P(14));
  fail(name);
  return 0;
}

int main(int told, char **paths) {
  if (told != 4) fail("main IMAGE CALLS RESULT");
  FILE *image = opened(paths[1], "rb"), *calls = opened(paths[2], "r");
  char line[1024];
  while (fgets(line, sizeof line, calls)) {
    char *word = strtok(line, " \n");
    if (!word) continue;
    if (!strcmp(word, "array")) {
      if (count == MOST_ARRAYS) fail("too many arrays");
      arrays[count].offset = atol(strtok(NULL, " \n"));
      const long length = arrays[count].length = atol(strtok(NULL, " \n"));
      if (posix_memalign((void **)&arrays[count].block, 64, length ? length : 1)) fail("no memory");
      if (fseek(image, arrays[count].offset, SEEK_SET)) fail(paths[1]);
      if (fread(arrays[count].block, 1, length, image) != (size_t)length) fail(paths[1]);
      count++;
    } else {
      Argument arguments[MOST_ARGUMENTS];
      memset(arguments, 0, sizeof arguments);
      char *next;
      for (int n = 0; n < MOST_ARGUMENTS && (next = strtok(NULL, " \n")); n++)
        arguments[n] = argument(next);
      printf("%lld\n", (long long)call(word, arguments));
    }
  }
  FILE *result = opened(paths[3], "wb");
  for (int n = 0; n < count; n++) {
    if (fseek(result, arrays[n].offset, SEEK_SET)) fail(paths[3]);
    if (fwrite(arrays[n].block, 1, arrays[n].length, result) != (size_t)arrays[n].length)
      fail(paths[3]);
    free(arrays[n].block);
  }
  if (fclose(result)) fail(paths[3]);
  fclose(image);
  fclose(calls);
  return 0;
}

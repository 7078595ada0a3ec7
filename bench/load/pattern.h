// The bytes that are sent, and the check that the same come back.
//
// Every connection sends one endless pattern from a starting place of its own. The period is a prime, so
// bytes that are lost, doubled, swapped or sent to the wrong connection don't line up by accident.

#ifndef POLLUX_PATTERN_H_
#define POLLUX_PATTERN_H_

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

enum { kPatternPeriod = 65521 };

/** The pattern, repeated so that `longest` bytes can be read from any position. */
static inline char* pattern_make(size_t longest) {
  size_t length = kPatternPeriod + longest;
  char* bytes = malloc(length);
  if (bytes == NULL) return NULL;
  uint32_t state = 2463534242u;
  for (size_t i = 0; i < length; i++) {
    if (i >= kPatternPeriod) {
      bytes[i] = bytes[i - kPatternPeriod];
      continue;
    }
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    bytes[i] = (char)(state >> 24);
  }
  return bytes;
}

static inline size_t pattern_start(uint64_t connection) { return (connection * 7919) % kPatternPeriod; }

#endif  // POLLUX_PATTERN_H_

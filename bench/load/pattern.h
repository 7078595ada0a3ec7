// The bytes that are sent, and the check that the same come back.
//
// Every connection sends one endless pattern from a starting place of its own. The period is a prime, so
// bytes that are lost, doubled, swapped or sent to the wrong connection don't line up by accident.

#ifndef POLLUX_PATTERN_H_
#define POLLUX_PATTERN_H_

#include <stdbool.h>
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

// Frames, where servers have codecs: each is a line, and also a message with its length before it (four
// bytes, big end first). So the same bytes serve every codec, and their speeds can be compared in the same
// round.
//
//   | length of what follows: 4 | printable letters | '\n' |
//
// Every connection sends the same frames, beginning with another; their number is a prime, too.

enum { kFrames = 1021, kFramePrefix = 4 };

static inline unsigned char frame_prefix_byte(size_t size, int place) {
  return (unsigned char)((size - kFramePrefix) >> (8 * (kFramePrefix - 1 - place)));
}

/** Whether a frame of this size has room for a letter, and no line feed in its length. */
static inline bool frames_possible(size_t size) {
  if (size < kFramePrefix + 2) return false;
  for (int place = 0; place < kFramePrefix; place++) {
    if (frame_prefix_byte(size, place) == '\n') return false;
  }
  return true;
}

/** All frames, repeated so that `longest` bytes can be read from any position. */
static inline char* frames_make(size_t size, size_t longest) {
  size_t period = kFrames * size;
  char* bytes = malloc(period + longest);
  char* noise = pattern_make(0);
  if (bytes == NULL || noise == NULL) return NULL;
  for (size_t i = 0; i < period; i++) {
    size_t place = i % size;
    if (place < kFramePrefix) {
      bytes[i] = (char)frame_prefix_byte(size, (int)place);
    } else if (place == size - 1) {
      bytes[i] = '\n';
    } else {
      bytes[i] = (char)('!' + (unsigned char)noise[i % kPatternPeriod] % ('~' - '!' + 1));
    }
  }
  for (size_t i = period; i < period + longest; i++) bytes[i] = bytes[i - period];
  free(noise);
  return bytes;
}

static inline size_t frame_start(uint64_t connection, size_t size) {
  return (connection * 7919) % kFrames * size;
}

#endif  // POLLUX_PATTERN_H_

// A histogram of nanoseconds in logarithmic buckets: 32 to each power of two, so a value is off by 3% at
// most.

#ifndef POLLUX_HISTOGRAM_H_
#define POLLUX_HISTOGRAM_H_

#include <stdint.h>

enum { kSubBuckets = 32, kBuckets = 60 * kSubBuckets };

struct histogram {
  uint64_t counts[kBuckets];
  uint64_t total;
  uint64_t max;
};

static inline void histogram_add(struct histogram* h, uint64_t value) {
  uint64_t index = value;
  if (value >= kSubBuckets) {
    int shift = 63 - __builtin_clzll(value) - 5;
    index = (uint64_t)(shift + 1) * kSubBuckets + ((value >> shift) - kSubBuckets);
  }
  h->counts[index]++;
  h->total++;
  if (value > h->max) h->max = value;
}

/** The upper end of the bucket that holds the given share (0 to 1) of the values; 0 when there are none. */
static inline uint64_t histogram_quantile(const struct histogram* h, double share) {
  uint64_t wanted = (uint64_t)(share * (double)h->total);
  uint64_t seen = 0;
  for (uint64_t i = 0; i < kBuckets; i++) {
    seen += h->counts[i];
    if (seen <= wanted || h->counts[i] == 0) continue;
    if (i < kSubBuckets) return i;
    int shift = (int)(i / kSubBuckets) - 1;
    uint64_t upper = (((i % kSubBuckets) + kSubBuckets + 1) << shift) - 1;
    return upper < h->max ? upper : h->max;
  }
  return h->max;
}

#endif  // POLLUX_HISTOGRAM_H_

// A fuzz target is LLVMFuzzerTestOneInput, as libFuzzer wants it, and fuzz_corpus(), what it starts from.
// Without clang it is driven by fuzz_driver.cc, which needs nothing but a compiler with sanitizers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

using FuzzInput = std::vector<uint8_t>;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

std::vector<FuzzInput> fuzz_corpus();

// A property that holds for every input. Stops the program like a sanitizer's finding, so that libFuzzer and
// the driver alike show the input.
#define FUZZ_CHECK(condition)                                                             \
  do {                                                                                    \
    if (!(condition)) {                                                                   \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                       \
    }                                                                                     \
  } while (false)

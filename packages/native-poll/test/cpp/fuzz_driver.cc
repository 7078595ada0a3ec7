// Drives a fuzz target with mutations of its corpus: `program [seed [runs]]`. The same seed gives the same
// inputs. The last line is that of a test program (run.sh).
//
// With clang, `make fuzz-libfuzzer` builds the same targets for libFuzzer, which is guided by coverage.
#include <signal.h>
#include <unistd.h>

#include <cstring>
#include <iostream>
#include <random>
#include <string>

#include "fuzz.h"

namespace {

constexpr unsigned long kDefaultSeed = 1;
constexpr unsigned long kDefaultRuns = 500'000;
constexpr size_t kMaxBytes = 4096;

FuzzInput current;

// The input that ended the program, in hexadecimal. Not iostream: anything may be broken by now.
void show_input() {
  const char title[] = "input: ";
  ssize_t ignored = ::write(2, title, sizeof title - 1);
  for (const uint8_t byte : current) {
    const char digits[] = {"0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]};
    ignored = ::write(2, digits, sizeof digits);
  }
  ignored = ::write(2, "\n", 1);
  static_cast<void>(ignored);
}

void on_abort(int) {
  show_input();
  ::_exit(1);
}

class Mutator {
 public:
  explicit Mutator(unsigned long seed) : random_(seed) {}

  FuzzInput next(const std::vector<FuzzInput>& corpus) {
    FuzzInput input = corpus[below(corpus.size())];
    for (size_t rounds = 1 + below(4); rounds > 0; --rounds) mutate(corpus, &input);
    if (input.size() > kMaxBytes) input.resize(kMaxBytes);
    return input;
  }

 private:
  size_t below(size_t end) { return end == 0 ? 0 : random_() % end; }

  void mutate(const std::vector<FuzzInput>& corpus, FuzzInput* input) {
    const size_t at = below(input->size());
    switch (below(8)) {
      case 0:
        if (!input->empty()) (*input)[at] ^= 1u << below(8);
        break;
      case 1:
        if (!input->empty()) (*input)[at] = static_cast<uint8_t>(random_());
        break;
      case 2:
        input->resize(at);
        break;
      case 3:
        input->insert(input->begin() + at, 1 + below(40), static_cast<uint8_t>(random_()));
        break;
      case 4:
        input->erase(input->begin() + at, input->begin() + at + below(input->size() - at));
        break;
      case 5:
      case 6:
        overwrite(at, input);
        break;
      default: {
        const FuzzInput& other = corpus[below(corpus.size())];
        input->insert(input->end(), other.begin(), other.end());
      }
    }
  }

  // A word that lengths go wrong with, in any width.
  void overwrite(size_t at, FuzzInput* input) {
    constexpr uint64_t kWords[] = {0,
                                   1,
                                   7,
                                   15,
                                   16,
                                   17,
                                   0x7f,
                                   0xff,
                                   0x7fff,
                                   0xffff,
                                   0x7fffffff,
                                   0x80000000,
                                   0xffffffff,
                                   0xfffffff0,
                                   0x7fffffffffffffff,
                                   ~uint64_t{0},
                                   ~uint64_t{15}};
    const uint64_t word = kWords[below(std::size(kWords))];
    const size_t width = size_t{1} << below(4);
    if (at + width <= input->size()) std::memcpy(input->data() + at, &word, width);
  }

  std::mt19937_64 random_;
};

}  // namespace

extern "C" void __sanitizer_set_death_callback(void (*)()) __attribute__((weak));

int main(int argc, char** argv) {
  const unsigned long seed = argc > 1 ? std::stoul(argv[1]) : kDefaultSeed;
  const unsigned long runs = argc > 2 ? std::stoul(argv[2]) : kDefaultRuns;
  std::cout << "seed " << seed << ", " << runs << " runs" << std::endl;
  if (__sanitizer_set_death_callback) __sanitizer_set_death_callback(show_input);
  ::signal(SIGABRT, on_abort);
  const std::vector<FuzzInput> corpus = fuzz_corpus();
  Mutator mutator(seed);
  for (unsigned long run = 0; run < corpus.size() + runs; ++run) {
    const FuzzInput input = run < corpus.size() ? corpus[run] : mutator.next(corpus);
    // In memory of exactly its size, so that a read past the end is seen.
    current = FuzzInput(input.begin(), input.end());
    current.shrink_to_fit();
    LLVMFuzzerTestOneInput(current.data(), current.size());
  }
  std::cout << "1 passed, 0 failed" << std::endl;
}

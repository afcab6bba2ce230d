#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace flowbroker::bench {

/// The arguments of a program that takes exactly `count` of them; explains itself and ends it otherwise.
inline std::vector<std::string> Arguments(int argc, char** argv, int count, const char* usage) {
  if (argc == count + 1) return {argv + 1, argv + argc};
  std::fprintf(stderr, "usage: %s %s\n", argv[0], usage);
  std::exit(2);
}

/// Ends the program with a reason. For the programs of the benchmark only, which have nothing to save.
[[noreturn]] inline void Die(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}

/// One line for the script that reads us through a pipe.
inline void Say(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

}  // namespace flowbroker::bench

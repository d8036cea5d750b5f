// The process: arguments and streams in, exit code out.
// Everything else is in run_cli, where tests can call it.
#ifdef ROOFLINE_MIMALLOC
#include <mimalloc.h>
#endif
#include <unistd.h>

#include <csignal>
#include <iostream>

#include "roofline/cli/cli.hpp"

int main(int argc, char** argv) {
#ifdef ROOFLINE_MIMALLOC
  // A page fault per 4 KiB is a quarter of the time of a graph of 50,000 nodes.
  mi_option_enable(mi_option_large_os_pages);
#endif
  // A closed pipe must end in an exit code, not in a signal.
  std::signal(SIGPIPE, SIG_IGN);
  std::ios::sync_with_stdio(false);
  if (argc < 1) return roofline::cli::run_cli({}, std::cout, std::cerr);
  return roofline::cli::run_cli({argv + 1, argv + argc}, std::cout, std::cerr,
                                isatty(STDOUT_FILENO) != 0);
}

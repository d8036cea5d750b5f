// Owns the check that docs/operators.md is what the operator table says.
// Refuses edits by hand: ROOFLINE_UPDATE_GOLDENS=1 writes the page anew.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "roofline/ops/registry.hpp"

namespace roofline {
namespace {

TEST(OperatorsDoc, IsGeneratedFromTheTable) {
  const std::string path = std::string(ROOFLINE_ROOT) + "/docs/operators.md";
  if (std::getenv("ROOFLINE_UPDATE_GOLDENS")) std::ofstream(path) << ops::operators_markdown();
  std::ifstream in(path);
  const std::string page{std::istreambuf_iterator<char>(in), {}};
  EXPECT_TRUE(page == ops::operators_markdown()) << "run this test with ROOFLINE_UPDATE_GOLDENS=1";
}

}  // namespace
}  // namespace roofline

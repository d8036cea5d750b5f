// Owns the order in which commands are listed.
// Refuses to describe them: each is one constant in its own file.
#include <array>

#include "command.hpp"

namespace roofline::cli {
namespace {

constexpr std::array kCommands = {
    &kAnalyzeCommand,       &kCheckCommand,        &kSweepCommand,           &kValidateCommand,
    &kCalibrateEmitCommand, &kCalibrateFitCommand, &kCalibrateAnchorCommand, &kCalibrateHostCommand,
    &kHardwareListCommand,  &kHardwareShowCommand, &kHardwareCheckCommand,   &kOpsCommand,
    &kStripCommand,
};

}  // namespace

std::span<const Command* const> commands() { return kCommands; }

}  // namespace roofline::cli

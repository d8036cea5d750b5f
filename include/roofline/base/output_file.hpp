#pragma once
#include <functional>
#include <iosfwd>
#include <string>

namespace roofline {

/// Writes a file whole or not at all: under another name first, then renamed. What is not a regular
/// file (a device, a pipe) is written directly. Throws Error (kInput, "output").
void write_file(const std::string& path, const std::function<void(std::ostream&)>& write);

}  // namespace roofline

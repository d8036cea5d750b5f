#pragma once
#include <cstdint>
#include <map>
#include <string>

namespace roofline::calibrate {

/// "batch=1 sequence=128"
[[nodiscard]] std::string dims_text(const std::map<std::string, std::int64_t>& dims);

}  // namespace roofline::calibrate

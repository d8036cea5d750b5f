// Owns the kinds of contractions: products and convolutions in whatever form they run.
// Refuses operators that go through elements: kernel.cpp has those, and the list of all kinds.
#include <cmath>

#include "kernel_sketch.hpp"

namespace roofline::plan {
namespace {

constexpr double kFewChannels = 8;     ///< below: of images, which kernels treat apart
constexpr double kVectorColumns = 16;  ///< columns that a matrix kernel computes at once
constexpr double kAliasedRows = 8;  ///< rows at once that a first-level cache cannot hold: its ways

double round_up(double value, double step) { return step * std::ceil(value / step); }

class ContractionSketch : private KernelSketch {
 public:
  explicit ContractionSketch(const KernelSketch& sketch) : KernelSketch(sketch) {}

  void describe(const ops::Contraction& c) {
    if (step_.cls == ops::OpClass::kConv && !c.kernel.empty()) return describe_conv(c);
    const auto k = static_cast<double>(c.k);
    const auto n = static_cast<double>(c.n);
    const auto m = static_cast<double>(c.m);
    const double work = 2 * step_.work.macs.as_double();
    if (step_.cls == ops::OpClass::kRecurrent) {
      kernel_.calls = static_cast<double>(c.batch);
      const double steps = std::max(1.0, static_cast<double>(out_->front()));
      const auto hidden = static_cast<double>(out_->back());
      // Products with the input come first, all steps at once; each direction runs to its end.
      kernel_.reread_span = n * hidden * first_operand_bits() / 8;
      kernel_.reread_bytes = (kernel_.calls - kernel_.calls / steps) * kernel_.reread_span;
      // Rows at once, averaged over the products with the input and with the state.
      const double input = in_ != nullptr && !in_->empty() ? static_cast<double>(in_->back()) : 0;
      const double rows = m * (input + hidden) / (hidden + input / steps);
      return set("recurrent", work, {hidden, kernel_.calls / steps, rows});
    }
    if (step_.cls == ops::OpClass::kAttention) return set("attention", work, {k, n, m});
    const bool constant = reads_weight(c);
    const std::string_view kind = !constant             ? (m == 1 ? "matvec" : "matmul")
                                  : m == 1              ? "gemv"
                                  : has_aliased_rows(c) ? "gemm.aliased"
                                                        : "gemm";
    set(kind, work / n * round_up(n, kVectorColumns), {k, n, m});
  }

 private:
  /// Rows that a kernel works on at once evict each other from the first-level cache.
  [[nodiscard]] bool has_aliased_rows(const ops::Contraction& c) const {
    const double row = static_cast<double>(c.k) * first_operand_bits() / 8;
    return static_cast<double>(c.m) >= kAliasedRows && std::fmod(row, kAliasBytes) == 0;
  }

  void describe_conv(const ops::Contraction& c) {
    double taps = 1;
    for (const std::int64_t size : c.kernel) taps *= static_cast<double>(size);
    const auto groups = static_cast<double>(c.groups);
    const double channels = out_->size() > 1 ? static_cast<double>((*out_)[1]) : 1;
    const auto k = static_cast<double>(c.k);
    const double flops = 2 * step_.work.macs.as_double();
    if (static_cast<double>(c.n) * groups != channels) {
      const bool is_plane = out_->size() == 4;
      return set(is_plane ? "conv.transposed" : "conv.transposed.general", flops,
                 {k, static_cast<double>(c.n), pixels_in()});
    }
    if (kernel_.layout == Layout::kBlocked) return describe_blocked(c, taps);
    const auto row = static_cast<double>(out_->back());
    if (groups > 1 && c.n == 1 && k == taps) {
      const bool volume = out_->size() > 4;
      return set(volume ? "im2col.depthwise.volume" : "im2col.depthwise", flops,
                 {row, taps, channels});
    }
    const double pixels = product(*out_, 2);
    if (groups > 1) kernel_.calls = groups * static_cast<double>((*out_)[0]);
    const std::array<double, 3> extents = {k, static_cast<double>(c.n), pixels};
    if (groups > 1) {
      return set(taps == 1 ? "im2col.grouped.pointwise" : "im2col.grouped", flops, extents);
    }
    set(taps == 1                 ? "im2col.pointwise"
        : k / taps < kFewChannels ? "im2col.first"
                                  : "im2col.spatial",
        flops, extents);
  }

  void describe_blocked(const ops::Contraction& c, double taps) {
    const auto groups = static_cast<double>(c.groups);
    const auto out_each = static_cast<double>(c.n);
    const double in_each = static_cast<double>(c.k) / taps;
    const double images = static_cast<double>((*out_)[0]);
    const double pixels = product(*out_, 2);
    const auto row = static_cast<double>(out_->back());
    const double valid = 2 * c.valid_macs.as_double();
    if (groups > 1 && out_each == 1 && in_each == 1) {
      const double channels = round_up(groups, block_);
      return set("conv.depthwise", 2 * images * channels * pixels * taps, {row, taps, channels});
    }
    if (groups > 1) return set("conv.grouped", valid, {in_each, row, out_each});
    const double channels_out = round_up(out_each, block_);
    const double padded = valid / out_each * channels_out;
    if (in_each < block_ && pixels > 1) {
      return set("conv.first", padded, {in_each * taps, channels_out, row});
    }
    const double channels_in = round_up(in_each, block_);
    const double work = padded / in_each * channels_in;
    if (pixels == 1) return set("conv.vector", work, {channels_in, channels_out, images});
    if (taps == 1) {
      if (at_once_ > 0) {
        kernel_.reread_span = images * channels_in * pixels * first_operand_bits() / 8;
        kernel_.reread_bytes =
            (std::ceil(channels_out / (at_once_ * block_)) - 1) * kernel_.reread_span;
      }
      return set("conv.pointwise", work, {channels_in, channels_out, pixels});
    }
    // On two sides, of which all columns may be.
    set("conv.spatial", work, {channels_in, channels_out, std::max(2.0, row / columns_at_edge(c))});
  }

  /// Columns on each side of a result, at least one, for which a part of the filter lies in the
  /// padding: they are computed one by one.
  [[nodiscard]] double columns_at_edge(const ops::Contraction& c) const {
    if (c.valid_macs >= step_.work.macs || c.dilation.empty() || c.stride.empty()) return 1;
    const auto reach = static_cast<double>(c.dilation.back() * (c.kernel.back() - 1));
    return std::max(1.0, reach / 2 / static_cast<double>(c.stride.back()));
  }

  /// A constant operand large enough to be the matrix (8 elements in a byte at the most).
  [[nodiscard]] bool reads_weight(const ops::Contraction& c) const {
    const double least = static_cast<double>(c.k) * static_cast<double>(c.n) / 8;
    for (const ir::NodeId n : step_.nodes) {
      if (!draft_.cost(n).work.contraction) continue;
      for (const ops::Access& access : draft_.cost(n).accesses) {
        if (access.is_output() || access.elements.as_double() < least) continue;
        const ir::TensorId id = draft_.node(n).inputs[static_cast<std::size_t>(access.index())];
        if (draft_.graph.is_constant[static_cast<std::size_t>(id)]) return true;
      }
    }
    return false;
  }
};

}  // namespace

void describe_contraction(const KernelSketch& sketch, const ops::Contraction& contraction) {
  ContractionSketch(sketch).describe(contraction);
}

}  // namespace roofline::plan

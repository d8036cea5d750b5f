// Owns the difference between sizes that a model fixes and sizes of one run.
// Refuses to reason about symbols: two runs of inference are compared.
#include "sizes.hpp"

#include <array>

namespace roofline::plan {
namespace {

/// Another size for the `index`-th open one. It keeps what networks divide by, and shrinks where it
/// can: larger sizes leave tables of positions.
std::int64_t other_size(std::int64_t size, std::size_t index) {
  static constexpr std::array<std::int64_t, 4> kPrimes = {2, 3, 5, 7};
  const auto step = static_cast<std::int64_t>(index);
  if (size % 2 == 0 && size >= 4) {
    const std::int64_t divisor = size % 8 == 0 && size >= 16 ? std::int64_t{2} << (index % 3) : 2;
    return size / divisor;
  }
  if (size > 2 * step + 4) return size - 2 * step - 2;
  return size + kPrimes[index % kPrimes.size()] + step / 4;
}

infer::Bindings other_bindings(const infer::TypedGraph& graph) {
  infer::Bindings bindings;
  for (const infer::Dimension& dimension : infer::dimensions(*graph.model)) {
    const auto bound = graph.dims.find(dimension.symbol);
    if (!dimension.is_input || bound == graph.dims.end()) continue;
    bindings.dims[bound->first] = other_size(bound->second, bindings.dims.size());
  }
  const ir::Graph& model = graph.graph();
  for (const ir::TensorId id : model.inputs) {
    const ir::Tensor& tensor = model.tensors[static_cast<std::size_t>(id)];
    const auto i = static_cast<std::size_t>(id);
    if (i >= graph.types.size() || tensor.name.empty()) continue;
    const auto& shape = graph.types[i].shape;
    if (!shape || !ir::is_known(*shape)) continue;
    ir::Shape wanted = *shape;
    bool anonymous = !tensor.declared;
    for (std::size_t axis = 0; axis < wanted.size(); ++axis) {
      if (!tensor.declared || axis >= tensor.declared->size()) break;
      const ir::Dim& dim = (*tensor.declared)[axis];
      if (dim.value != ir::kUnknownDim) continue;
      const auto bound = bindings.dims.find(dim.symbol);
      anonymous = anonymous || bound == bindings.dims.end();
      if (bound != bindings.dims.end()) wanted[axis] = bound->second;
    }
    // Sizes without a name came from a --shape, which is not handed on: they count as fixed.
    if (anonymous) bindings.shapes[tensor.name] = wanted;
  }
  return bindings;
}

}  // namespace

const std::vector<ir::TensorType>& Sizes::others() const {
  if (others_) return *others_;
  others_.emplace();
  if (graph_.dims.empty()) return *others_;
  try {
    infer::TypedGraph again = infer::infer(*graph_.model, other_bindings(graph_));
    if (again.types.size() == graph_.types.size()) others_ = std::move(again.types);
  } catch (const Error&) {  // sizes that go with the user's own only: all of them count as fixed
  } catch (const OverflowError&) {
  }
  return *others_;
}

const std::optional<ir::Shape>& Sizes::shape(ir::TensorId id) const {
  static const std::optional<ir::Shape> kNone;
  if (id == ir::kNoTensor) return kNone;
  return is_made(id) ? made(id).shape : graph_.types[static_cast<std::size_t>(id)].shape;
}

const std::optional<ir::Shape>& Sizes::other(ir::TensorId id) const {
  if (is_made(id)) return made(id).other;
  return id == ir::kNoTensor || others().empty() ? shape(id)
                                                 : others()[static_cast<std::size_t>(id)].shape;
}

ir::TensorId Sizes::make(ir::TensorId of, const std::function<ir::Shape(ir::Shape)>& form) {
  made_.emplace_back();
  Made& result = made_.back();
  const auto id = static_cast<ir::TensorId>(count() - 1);
  result.origin = origin(of);
  if (!rank(of)) return id;
  result.shape.emplace(form(*shape(of)));
  result.other.emplace(form(*other(of)));
  return id;
}

ir::TensorId Sizes::origin(ir::TensorId id) const { return is_made(id) ? made(id).origin : id; }

std::optional<std::size_t> Sizes::rank(ir::TensorId id) const {
  const auto& here = shape(id);
  const auto& there = other(id);
  if (!here || !there || there->size() != here->size()) return std::nullopt;
  return here->size();
}

std::int64_t Sizes::dim(ir::TensorId id, std::size_t axis) const {
  const std::int64_t size = (*shape(id))[axis];
  return (*other(id))[axis] == size ? size : ir::kUnknownDim;
}

bool Sizes::same_dim(ir::TensorId a, std::size_t i, ir::TensorId b, std::size_t j) const {
  const std::int64_t size = (*shape(a))[i];
  const std::int64_t again = (*other(a))[i];
  return size != ir::kUnknownDim && again != ir::kUnknownDim && size == (*shape(b))[j] &&
         again == (*other(b))[j];
}

bool Sizes::same_shape(ir::TensorId a, ir::TensorId b) const {
  const auto axes = rank(a);
  if (!axes || axes != rank(b)) return false;
  for (std::size_t i = 0; i < *axes; ++i) {
    if (!same_dim(a, i, b, i)) return false;
  }
  return true;
}

bool Sizes::is_fixed(ir::TensorId id) const {
  const auto axes = rank(id);
  if (!axes) return false;
  for (std::size_t i = 0; i < *axes; ++i) {
    if (dim(id, i) == ir::kUnknownDim) return false;
  }
  return true;
}

const ir::SmallValue* Sizes::value(ir::TensorId id) const {
  if (id == ir::kNoTensor || is_made(id)) return nullptr;
  const auto& here = graph_.types[static_cast<std::size_t>(id)].value;
  if (!here || !ir::is_known(*here)) return nullptr;
  if (others().empty()) return &*here;
  const auto& there = others()[static_cast<std::size_t>(id)].value;
  return there && *there == *here ? &*here : nullptr;
}

}  // namespace roofline::plan

// Owns what a value's type can answer about itself, and what two types have in common.
// Refuses to know what an operator means.
#include "roofline/ir/tensor_type.hpp"

#include <algorithm>
#include <cmath>

namespace roofline::ir {

bool is_known(const Shape& shape) {
  return std::find(shape.begin(), shape.end(), kUnknownDim) == shape.end();
}

std::optional<Count> element_count(const Shape& shape) {
  // Both questions come before the product, which may overflow where the answer is simple: an empty
  // axis empties the tensor, whatever the other ones are.
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return Count(0);
  if (!is_known(shape)) return std::nullopt;
  Count product = 1;
  for (const std::int64_t dim : shape) product *= dim;
  return product;
}

std::string to_string(const Shape& shape) {
  if (shape.empty()) return "scalar";
  std::string text;
  for (const std::int64_t dim : shape) {
    if (!text.empty()) text += 'x';
    text += dim == kUnknownDim ? "?" : std::to_string(dim);
  }
  return text;
}

std::size_t size(const SmallValue& value) {
  return std::visit([](const auto& elements) { return elements.size(); }, value);
}

bool is_known(const SmallValue& value) {
  if (const auto* elements = ints(value)) {
    return std::find(elements->begin(), elements->end(), kUnknownElement) == elements->end();
  }
  const auto& floats = std::get<std::vector<double>>(value);
  return std::none_of(floats.begin(), floats.end(), [](double x) { return std::isnan(x); });
}

namespace {

/// Sum of `part` over the elements of a sequence or optional; nullopt when one is not known.
template <class Part>
std::optional<Count> sum_over(const Content* content, Part part) {
  if (!content) return std::nullopt;
  if (!content->each) {
    const std::optional<Count> one = content->length ? part(content->common) : std::nullopt;
    return one ? std::optional(*one * *content->length) : std::nullopt;
  }
  Count sum = 0;
  for (const TensorType& element : *content->each) {
    const std::optional<Count> count = part(element);
    if (!count) return std::nullopt;
    sum += *count;
  }
  return sum;
}

bool is_container(ValueKind kind) {
  return kind == ValueKind::kSequence || kind == ValueKind::kOptional;
}

}  // namespace

std::optional<Count> TensorType::elements() const {
  if (is_container(kind)) {
    return sum_over(content.get(), [](const TensorType& e) { return e.elements(); });
  }
  const std::optional<Count> exact = shape ? element_count(*shape) : std::nullopt;
  return !exact && bound ? element_count(*bound) : exact;
}

std::optional<Count> TensorType::bytes() const {
  if (is_container(kind)) {
    return sum_over(content.get(), [](const TensorType& e) { return e.bytes(); });
  }
  const std::optional<Count> count = elements();
  if (!count || dtype == DType::kUndefined) return std::nullopt;
  return ir::bytes(dtype, *count);
}

bool TensorType::has_exact_shape() const {
  if (!is_container(kind)) return shape && is_known(*shape);
  if (!content || !content->each) {
    return content && content->length && content->common.has_exact_shape();
  }
  return std::all_of(content->each->begin(), content->each->end(),
                     [](const TensorType& e) { return e.has_exact_shape(); });
}

namespace {

/// The larger limit of two axes, each given by its size or, failing that, its bound.
std::optional<Shape> join_limits(const TensorType& a, const TensorType& b, const Shape& sizes) {
  const auto limit = [](const TensorType& type, std::size_t axis) {
    const std::int64_t size = (*type.shape)[axis];
    const bool is_bounded = type.bound && axis < type.bound->size();
    return size == kUnknownDim && is_bounded ? (*type.bound)[axis] : size;
  };
  Shape limits = sizes;
  for (std::size_t axis = 0; axis < limits.size(); ++axis) {
    const std::int64_t x = limit(a, axis);
    const std::int64_t y = limit(b, axis);
    if (x == kUnknownDim || y == kUnknownDim) return std::nullopt;
    limits[axis] = std::max(x, y);
  }
  return limits;
}

template <class T>
std::vector<T> join_elements(std::vector<T> a, const std::vector<T>& b, T unknown) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    // NaN is equal to nothing: an unknown float stays unknown.
    if (!(a[i] == b[i])) a[i] = unknown;
  }
  return a;
}

std::optional<SmallValue> join_values(const std::optional<SmallValue>& a,
                                      const std::optional<SmallValue>& b) {
  if (!a || !b || a->index() != b->index() || size(*a) != size(*b)) return std::nullopt;
  if (const auto* elements = ints(*a)) return join_elements(*elements, *ints(*b), kUnknownElement);
  return join_elements(std::get<std::vector<double>>(*a), std::get<std::vector<double>>(*b),
                       std::numeric_limits<double>::quiet_NaN());
}

/// A container of nothing says nothing about its elements.
bool is_empty(const Content& content) { return content.size() == 0; }

Content join_contents(const Content& a, const Content& b) {
  Content content;
  if (is_empty(a) != is_empty(b)) {
    content.common = is_empty(a) ? b.common : a.common;
    return content;
  }
  content.common = join(a.common, b.common);
  if (a.size() != b.size()) return content;
  content.length = a.size();
  if (!a.each || !b.each) return content;
  content.each.emplace();
  for (std::size_t i = 0; i < a.each->size(); ++i) {
    content.each->push_back(join((*a.each)[i], (*b.each)[i]));
  }
  return content;
}

}  // namespace

std::optional<std::int64_t> Content::size() const {
  return each ? static_cast<std::int64_t>(each->size()) : length;
}

TensorType join(const TensorType& a, const TensorType& b) {
  if (a.kind != b.kind) return {};
  TensorType type = {.kind = a.kind};
  if (a.dtype == b.dtype) type.dtype = a.dtype;
  if (a.shape && b.shape && a.shape->size() == b.shape->size()) {
    type.shape = a.shape;
    for (std::size_t axis = 0; axis < a.shape->size(); ++axis) {
      if ((*a.shape)[axis] != (*b.shape)[axis]) (*type.shape)[axis] = kUnknownDim;
    }
    if (is_known(*type.shape))
      type.value = join_values(a.value, b.value);
    else
      type.bound = join_limits(a, b, *type.shape);
  }
  if (a.content == b.content)
    type.content = a.content;
  else if (a.content && b.content)
    type.content = std::make_shared<const Content>(join_contents(*a.content, *b.content));
  return type;
}

Content content_of(std::vector<TensorType> each, TensorType unknown) {
  Content content = {.common = each.empty() ? std::move(unknown) : each.front()};
  for (std::size_t i = 1; i < each.size(); ++i) content.common = join(content.common, each[i]);
  content.length = static_cast<std::int64_t>(each.size());
  if (content.length <= kMaxContentElements) content.each = std::move(each);
  return content;
}

}  // namespace roofline::ir

// Owns the CSV tables of a validation: one line per measurement, or per matched layer.
// Refuses sums: they are in the text and the JSON.
#include <fmt/format.h>

#include <ostream>

#include "roofline/calibrate/validate.hpp"
#include "roofline/data/csv_writer.hpp"
#include "validate_format.hpp"

namespace roofline::calibrate {
namespace {

constexpr std::string_view kRowHeader =
    "model,hardware,runtime,version,precision,threads,dims,measured_s,predicted_s,error,roofline_s,"
    "roofline_error,repeat_error,noisy,complete,calibration,source\r\n";
constexpr std::string_view kLayerHeader =
    "model,hardware,runtime,precision,threads,dims,layer,op,kernel,bound,measured_s,predicted_s,"
    "roofline_s,intensity,attained_flops_per_s,attainable_flops_per_s\r\n";

void threads_cell(int threads, data::CsvRecord& record) {
  record.number(threads > 0 ? std::optional(Count(threads)) : std::nullopt);
}

void append_row(const ValidatedRow& row, std::string& out) {
  data::CsvRecord record(out);
  record.text(row.model);
  record.text(row.hardware);
  record.text(row.runtime);
  record.text(row.version);
  record.text(row.precision);
  threads_cell(row.threads, record);
  record.text(dims_text(row.dims));
  record.number(row.time.measured_s);
  record.number(row.time.predicted_s);
  record.number(row.time.error());
  record.number(row.roofline_s);
  record.number(row.roofline().error());
  record.number(row.repeat_error);
  record.text(row.noisy ? "true" : "false");
  record.text(row.complete ? "true" : "false");
  record.text(row.calibration);
  record.text(row.source);
  record.end();
}

void append_layer(const ValidatedRow& row, const LayerPair& layer, std::string& out) {
  data::CsvRecord record(out);
  record.text(row.model);
  record.text(row.hardware);
  record.text(row.runtime);
  record.text(row.precision);
  threads_cell(row.threads, record);
  record.text(dims_text(row.dims));
  record.text(layer.name);
  record.text(layer.op);
  record.text(layer.kernel);
  record.text(layer.bound);
  record.number(layer.time.measured_s);
  record.number(layer.time.predicted_s);
  record.number(layer.roofline_s);
  record.number(layer.intensity);
  record.number(layer.attained_flops_per_s);
  record.number(layer.attainable_flops_per_s);
  record.end();
}

}  // namespace

std::string dims_text(const std::map<std::string, std::int64_t>& dims) {
  std::string text;
  for (const auto& [name, size] : dims) {
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, size);
  }
  return text;
}

void render_csv(const Validation& validation, CsvTable table, std::ostream& out) {
  const bool layers = table == CsvTable::kLayers;
  out << (layers ? kLayerHeader : kRowHeader);
  for (const ValidatedRow& row : validation.rows) {
    std::string lines;
    if (!layers) append_row(row, lines);
    if (layers && row.layers) {
      for (const LayerPair& layer : row.layers->layers) append_layer(row, layer, lines);
    }
    out << lines;
  }
}

}  // namespace roofline::calibrate

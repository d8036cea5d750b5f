// Owns the JSON of a check: field names, units, and what is null (docs/ci.md).
// Refuses to round.
#include <cmath>

#include "check_words.hpp"
#include "roofline/data/json_writer.hpp"

namespace roofline::report {
namespace {

using data::JsonWriter;

constexpr int kCheckSchemaVersion = 1;

std::string_view unit_name(Unit unit) {
  switch (unit) {
    case Unit::kSecond:
      return "s";
    case Unit::kByte:
      return "B";
    case Unit::kMac:
      return "MAC";
    case Unit::kFlop:
      return "FLOP";
    case Unit::kPerSecond:
      return "1/s";
    case Unit::kShare:
      return "share";
    default:
      return "count";
  }
}

/// What is counted is whole, and written without an exponent.
void write_amount(JsonWriter& json, std::string_view key, std::optional<double> amount, Unit unit) {
  json.key(key);
  if (amount && is_whole(unit) && std::fabs(*amount) < 0x1p53 && *amount == std::floor(*amount))
    json.value(static_cast<std::int64_t>(*amount));
  else
    json.value(amount);
}

void write_run(JsonWriter& json, const Verdict& verdict) {
  const Run& run = verdict.rule->run;
  const bool on_machine = !verdict.hardware.empty();
  json.member_or_null("hardware", verdict.hardware);
  json.member_or_null("runtime", on_machine ? run.runtime : "");
  json.member_or_null("precision", on_machine ? run.precision : "");
  json.member_or_null("threads", run.threads);
  write_map(json, "dims", run.sizes.dims);
}

void write_culprit(JsonWriter& json, const Culprit& culprit, const Figure* figure) {
  json.begin_object();
  json.member("id", culprit.id);
  json.member("name", culprit.name);
  json.member("op", culprit.op);
  if (figure) {
    write_amount(json, "value", culprit.now.value, figure->unit);
    json.member("complete", culprit.now.complete);
    write_amount(json, "baseline", culprit.before, figure->unit);
  }
  json.end_object();
}

void write_verdict(JsonWriter& json, const Verdict& verdict) {
  const Figure& figure = *verdict.limit->figure;
  json.begin_object();
  json.member("model", verdict.model);
  json.member("figure", figure.key);
  write_run(json, verdict);
  json.member_or_null("each_layer", verdict.rule->each_layer);
  json.member_or_null("class", verdict.rule->cls);
  json.member("line", verdict.limit->line);
  json.member("passes", verdict.passes());
  json.member("finding", judgement_name(verdict.judgement));
  json.member("unit", unit_name(figure.unit));
  write_amount(json, "value", verdict.value ? std::optional(verdict.value->value) : std::nullopt,
               figure.unit);
  json.key("complete");
  if (verdict.value)
    json.value(verdict.value->complete);
  else
    json.null();
  write_amount(json, "least", verdict.least, figure.unit);
  write_amount(json, "most", verdict.most, figure.unit);
  json.member("limit", verdict.limit->text);
  json.member("headroom", headroom(verdict));
  write_amount(json, "baseline", verdict.baseline, figure.unit);
  const Figure* by = figure.form == LimitForm::kQuantity ? verdict.culprits_by : nullptr;
  json.member_or_null("layers_figure", by ? by->key : "");
  write_list(json, "layers", verdict.culprits,
             [&](const Culprit& culprit) { write_culprit(json, culprit, by); });
  json.member("more_layers", verdict.more_culprits);
  json.end_object();
}

}  // namespace

void render_json(const Check& check, std::ostream& out) {
  JsonWriter json(out);
  json.begin_object();
  write_head(json, "check", kCheckSchemaVersion, check.tool_version);
  json.member("budget", check.budget);
  json.member("passes", check.broken() == 0);
  json.member("broken", check.broken());
  write_list(json, "verdicts", check.verdicts,
             [&](const Verdict& verdict) { write_verdict(json, verdict); });
  json.end_object();
}

}  // namespace roofline::report

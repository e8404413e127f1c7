#include "yurai/record/trace.h"

namespace yurai {
namespace {

Json to_json(const Span& span) {
  Json documents = Json::array();
  for (const Occurrence& occurrence : span.documents) documents.push_back(to_json(occurrence));
  Json json = {{"byte_begin", span.byte_begin},
               {"byte_end", span.byte_end},
               {"char_begin", span.char_begin},
               {"char_end", span.char_end},
               {"text", span.text}};
  if (span.differs) json["differs"] = *span.differs;
  json["count"] = span.count;
  json["score"] = span.score;
  json["chance_per_10k"] = span.chance_per_10k;
  json["documents_total"] = span.documents_total;
  json["credit_truncated"] = span.credit_truncated;
  json["documents"] = std::move(documents);
  return json;
}

Json number_or_null(const std::optional<double>& number) {
  return number ? Json(*number) : Json(nullptr);
}

void append(Json& json, const Exposures& exposures) {
  Json seen = Json::array();
  for (const Exposure& exposure : exposures.seen) {
    seen.push_back({{"stage", exposure.stage},
                    {"step", exposure.step},
                    {"epoch", exposure.epoch},
                    {"byte_begin", exposure.byte_begin},
                    {"byte_end", exposure.byte_end},
                    {"loss", number_or_null(exposure.loss_nats)}});
  }
  json["seen"] = std::move(seen);
  json["seen_total"] = exposures.total;
  json["loss_first"] = number_or_null(exposures.loss_first);
  json["loss_last"] = number_or_null(exposures.loss_last);
  json["loss_now"] = number_or_null(exposures.loss_now);
  json["held_out"] = exposures.held_out;
  json["exact_bytes"] = exposures.exact_bytes;
}

}  // namespace

std::string_view name(PointMode points) { return points == PointMode::kChar ? "char" : "word"; }

Json to_json(const Occurrence& occurrence) {
  const Document& document = occurrence.document;
  Json json = {{"id", document.id},
               {"byte_begin", occurrence.byte_begin},
               {"byte_end", occurrence.byte_end}};
  if (occurrence.folded) {
    json["char_begin"] = occurrence.folded->char_begin;
    json["char_end"] = occurrence.folded->char_end;
    json["differs"] = occurrence.folded->differs;
  }
  json["before"] = occurrence.before;
  json["match"] = occurrence.match;
  json["after"] = occurrence.after;
  append_origin(json, document);
  if (occurrence.exposures) append(json, *occurrence.exposures);
  return json;
}

Json to_json(const Trace& trace) {
  Json spans = Json::array();
  for (const Span& span : trace.spans) spans.push_back(to_json(span));
  Json credits = Json::array();
  for (const Credit& credit : trace.credits) {
    credits.push_back({{"source", or_null(credit.source)},
                       {"license", or_null(credit.license)},
                       {"share", credit.share},
                       {"documents", credit.documents}});
  }
  return {{"text", trace.text},
          {"coverage", trace.coverage},
          {"uncovered_share", trace.uncovered_share},
          {"points", name(trace.points)},
          {"spans", std::move(spans)},
          {"credits", std::move(credits)},
          {"index",
           {{"corpus_sha256", trace.index.corpus_sha256},
            {"documents", trace.index.documents},
            {"bytes", trace.index.bytes}}}};
}

}  // namespace yurai

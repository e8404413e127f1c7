#include "yurai/trace/work_map.h"

namespace yurai {
namespace {

Json work_document_json(const WorkDocument& held, uint64_t work_bytes) {
  const Document& document = held.document;
  const double share =
      work_bytes == 0 ? 0 : static_cast<double>(held.bytes) / static_cast<double>(work_bytes);
  Json json = {{"id", document.id}, {"bytes", held.bytes}, {"share", share}, {"spans", held.spans}};
  append_origin(json, document);
  return json;
}

}  // namespace

Json to_json(const WorkMap& map) {
  Json cells = Json::array(), documents = Json::array();
  for (const WorkCell& cell : map.cells) {
    cells.push_back({{"byte_begin", cell.byte_begin},
                     {"byte_end", cell.byte_end},
                     {"share_found", cell.share_found}});
  }
  for (const WorkDocument& held : map.documents) {
    documents.push_back(work_document_json(held, map.bytes));
  }
  Trace trace;  // its spans and credits have the JSON of a trace
  trace.spans = map.longest;
  trace.credits = map.credits;
  Json traced = to_json(trace);
  return {{"bytes", map.bytes},
          {"chars", map.chars},
          {"share_found", map.share_found},
          {"spans_total", map.num_spans},
          {"documents_total", map.num_documents},
          {"copies", map.num_copies},
          {"earliest", map.earliest ? work_document_json(*map.earliest, map.bytes) : Json(nullptr)},
          {"map", std::move(cells)},
          {"documents", std::move(documents)},
          {"credits", std::move(traced["credits"])},
          {"longest", std::move(traced["spans"])},
          {"points", name(map.points)},
          {"index",
           {{"corpus_sha256", map.index.corpus_sha256},
            {"documents", map.index.documents},
            {"bytes", map.index.bytes}}}};
}

}  // namespace yurai

#include <algorithm>

#include "yurai/gateway/handlers.h"
#include "yurai/gateway/request_query.h"

namespace yurai::handlers {
namespace {

constexpr uint64_t kDefaultLimit = 20;
constexpr uint64_t kMaxLimit = 100;

ApiResult<const DecisionView*> view_of(const Services& services) {
  if (services.decisions) return &*services.decisions;
  return refuse(404,
                "this server has no decisions to show; start it with --filtered DIR, a folder that "
                "'yurai corpus filter' wrote",
                "", "no_decisions");
}

/// The step that `filter` names.
ApiResult<size_t> step_of(const DecisionView& view, const RequestQuery& query) {
  if (query.text("filter").empty()) {
    return refuse(400, "'filter' must name a step of the chain", "filter");
  }
  const auto step = view.ledger().find_step(query.text("filter"));
  if (!step) return refuse(400, step.error().message, "filter");
  return *step;
}

}  // namespace

ApiResult<ApiResponse> decisions(const Services& services, const ApiRequest& request) {
  YURAI_ASSIGN(const DecisionView* view, view_of(services));
  YURAI_TRY(RequestQuery::parse(request, {}));
  Json json = view->overview();
  json["of_this_corpus"] = services.decisions_of_corpus;
  return json_response(json);
}

ApiResult<ApiResponse> decision_examples(const Services& services, const ApiRequest& request) {
  YURAI_ASSIGN(const DecisionView* view, view_of(services));
  YURAI_ASSIGN(const RequestQuery query,
               RequestQuery::parse(request, {"filter", "limit", "cursor"}));
  YURAI_ASSIGN(const size_t step, step_of(*view, query));
  YURAI_ASSIGN(const uint64_t limit, query.integer("limit", kDefaultLimit, 1, kMaxLimit));
  const std::string list =
      manifest_checksum(view->ledger().manifest()) + "\n" + std::string(query.text("filter"));
  YURAI_ASSIGN(const uint64_t first, read_cursor(query.text("cursor"), list, "list"));
  const auto& rows = view->examples(step);
  const uint64_t end = std::min<uint64_t>(first + limit, rows.size());
  Json documents = Json::array();
  for (uint64_t at = first; at < end; ++at) documents.push_back(view->example_json(rows[at]));
  return json_response(
      {{"filter", query.text("filter")},
       {"dropped", view->num_dropped(step)},
       {"drawn", rows.size()},
       {"documents", std::move(documents)},
       {"next_cursor", end < rows.size() ? Json(make_cursor(end, list)) : Json()}});
}

ApiResult<ApiResponse> decision_what_if(const Services& services, const ApiRequest& request) {
  YURAI_ASSIGN(const DecisionView* view, view_of(services));
  YURAI_ASSIGN(const RequestQuery query,
               RequestQuery::parse(request, {"filter", "threshold", "min", "max"}));
  YURAI_TRY(step_of(*view, query));
  WhatIfQuestion question{.step = std::string(query.text("filter"))};
  YURAI_ASSIGN(question.threshold, query.number("threshold"));
  YURAI_ASSIGN(question.min, query.number("min"));
  YURAI_ASSIGN(question.max, query.number("max"));
  const auto answer = view->what_if(question, request.stop);
  if (answer) return json_response(to_json(*answer));
  switch (answer.error().code) {
    case ErrorCode::kInvalidArgument:
      return refuse(400, answer.error().message, "threshold");
    default:
      return unreadable(answer.error(), "the record of decisions");
  }
}

}  // namespace yurai::handlers

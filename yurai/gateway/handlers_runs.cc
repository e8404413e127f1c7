#include "yurai/gateway/handlers.h"
#include "yurai/gateway/request_query.h"

namespace yurai::handlers {

ApiResult<ApiResponse> runs(const Services& services, const ApiRequest& request) {
  YURAI_TRY(RequestQuery::parse(request, {}));
  Json list = Json::array();
  for (const ServedRun& run : services.runs) list.push_back(run.facts);
  return json_response({{"runs", std::move(list)}});
}

}  // namespace yurai::handlers

#include "yurai/gateway/handlers.h"
#include "yurai/gateway/request_query.h"

namespace yurai::handlers {

ApiResult<ApiResponse> run(const Services& services, const ApiRequest& request) {
  if (!services.run) {
    return refuse(404,
                  "this server has no training run to show; start it with --model RUN or --run "
                  "RUN, a folder that 'yurai train' wrote",
                  "", "no_run");
  }
  YURAI_TRY(RequestQuery::parse(request, {}));
  return json_response(services.run_facts);
}

}  // namespace yurai::handlers

#include <fmt/format.h>

#include <chrono>
#include <ctime>
#include <random>
#include <set>
#include <vector>

#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"
#include "yurai/gateway/completion_call.h"
#include "yurai/gateway/handlers.h"

namespace yurai::handlers {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kMaxGeneration{300};

uint64_t random_number() {
  std::random_device device;
  return (uint64_t{device()} << 32) | device();
}

CompletionAnswer answer_to(const CompletionCall& call, const LanguageModel& model) {
  return {call, std::string(model.id()), fmt::format("{:016x}", random_number()),
          std::time(nullptr)};
}

/// Ends a generation whose caller is gone or that takes too long.
class Patience {
 public:
  explicit Patience(std::stop_token stop) : stop_(std::move(stop)) {}
  bool left() const { return !stop_.stop_requested() && Clock::now() < end_; }
  /// What a cancelled generation is called.
  ApiError explain(Error error) const {
    if (error.code != ErrorCode::kCancelled || stop_.stop_requested()) return error;
    return Error{ErrorCode::kTimeout, fmt::format("the model took longer than {} s; ask for less",
                                                  kMaxGeneration.count())};
  }

 private:
  std::stop_token stop_;
  Clock::time_point end_ = Clock::now() + kMaxGeneration;
};

std::string event(const Json& json) { return "data: " + dump_json(json) + "\n\n"; }

/// Sends a generation as server-sent events, one a symbol.
class EventStream {
 public:
  EventStream(const CompletionCall& call, CompletionAnswer answer, ResponseWriter& writer)
      : call_(call), answer_(std::move(answer)), writer_(writer) {}

  bool begun() const { return begun_; }

  bool add(const GeneratedSymbol& symbol) {
    if (!begin()) return false;
    return symbol.text.empty() || writer_.write(event(answer_.piece(symbol.text, {symbol})));
  }

  bool end(const Generation& generation) {
    if (!begin()) return false;
    std::string bytes = event(answer_.last(generation.finish_reason));
    if (call_.include_usage) bytes += event(answer_.usage(num_text_symbols(generation.symbols)));
    return writer_.write(bytes + "data: [DONE]\n\n");
  }

  /// In the stream, as its status is sent already.
  bool fail(const ApiError& error) {
    const std::string body = error_response(error).body;  // ends in a newline
    return writer_.write("data: " + body + "\n");
  }

 private:
  bool begin() {
    if (begun_) return true;
    begun_ = true;
    writer_.begin(200, {{"content-type", "text/event-stream"}, {"cache-control", "no-store"}});
    return writer_.write(event(answer_.first()));
  }

  const CompletionCall& call_;
  CompletionAnswer answer_;
  ResponseWriter& writer_;
  bool begun_ = false;
};

ApiResponse stream_own(const LanguageModel& model, CompletionCall call, std::stop_token stop) {
  ApiResponse response;
  response.stream = [&model, call = std::move(call), stop](ResponseWriter& writer) {
    const Patience patience(stop);
    EventStream events(call, answer_to(call, model), writer);
    const auto generation = model.generate(call.generate, [&](const GeneratedSymbol& symbol) {
      return patience.left() && events.add(symbol);
    });
    if (generation) return events.end(*generation);
    const ApiError error = patience.explain(generation.error());
    if (events.begun()) return events.fail(error);
    const ApiResponse failed = error_response(error);
    writer.begin(failed.status, failed.headers);
    return writer.write(failed.body);
  };
  return response;
}

ApiResult<ApiResponse> ask_own(const LanguageModel& model, const RequestBody& body, bool chat,
                               const std::stop_token& stop) {
  YURAI_ASSIGN(CompletionCall call, read_completion_call(body, chat, random_number()));
  if (call.stream) return stream_own(model, std::move(call), stop);
  const Patience patience(stop);
  const auto generation =
      model.generate(call.generate, [&](const GeneratedSymbol&) { return patience.left(); });
  if (!generation) return fail(patience.explain(generation.error()));
  return json_response(answer_to(call, model).whole(*generation));
}

/// Those that the server itself runs; the last one answers who names none.
std::vector<const LanguageModel*> own_models(const Services& services) {
  std::vector<const LanguageModel*> models = {services.ngram.get()};
  if (services.transformer) models.push_back(services.transformer.get());
  return models;
}

ApiResult<ApiResponse> ask(const Services& services, const ApiRequest& request, bool chat) {
  YURAI_ASSIGN(const RequestBody body, RequestBody::parse(request));
  const std::vector<const LanguageModel*> own = own_models(services);
  std::string model(own.back()->id());
  if (body.has("model")) {
    YURAI_ASSIGN(model, body.text("model", 1000));
  }
  std::string names;
  for (const LanguageModel* candidate : own) {
    if (candidate->id() == model) return ask_own(*candidate, body, chat, request.stop);
    names += fmt::format("{}'{}'", names.empty() ? "" : ", ", for_terminal(candidate->id()));
  }
  if (!services.upstream) {
    return refuse(404,
                  fmt::format("there is no model '{}': only {}, as the server runs without "
                              "--upstream",
                              for_terminal(first_chars(model, 100)), names),
                  "model", "model_not_found");
  }
  return services.upstream->forward(request, chat ? "/chat/completions" : "/completions");
}

}  // namespace

ApiResult<ApiResponse> completions(const Services& services, const ApiRequest& request) {
  return ask(services, request, false);
}

ApiResult<ApiResponse> chat_completions(const Services& services, const ApiRequest& request) {
  return ask(services, request, true);
}

ApiResult<ApiResponse> models(const Services& services, const ApiRequest& request) {
  Json list = Json::array();
  std::set<std::string, std::less<>> ids;
  for (const LanguageModel* model : own_models(services)) {
    ids.emplace(model->id());
    list.push_back(
        {{"id", model->id()}, {"object", "model"}, {"created", 0}, {"owned_by", "yurai"}});
  }
  std::string warning;
  if (services.upstream) {
    auto others = services.upstream->models(request);
    if (!others) warning = others.error().message;
    if (others) {
      for (Json& model : *others) {
        const auto id = json_string(model, "id");
        if (id && !ids.contains(*id)) list.push_back(std::move(model));
      }
    }
  }
  ApiResponse response = json_response({{"object", "list"}, {"data", std::move(list)}});
  // Our own models can be asked all the same.
  if (!warning.empty()) response.headers.emplace_back("x-yurai-warning", for_terminal(warning));
  return response;
}

}  // namespace yurai::handlers

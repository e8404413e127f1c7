#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/result.h"
#include "yurai/gateway/http.h"
#include "yurai/gateway/http_server.h"
#include "yurai/index/corpus_index.h"
#include "yurai/lm/language_model.h"

/// The HTTP API over an index: traces, counts, probabilities, documents, OpenAI-compatible models
/// and the page. docs/api/openapi.json is its contract.
///
///     YURAI_ASSIGN(const Gateway gateway, Gateway::open({.index_dir = "index"}));
///     YURAI_ASSIGN(HttpServer server, HttpServer::listen({.port = 8765}, gateway.handlers()));
namespace yurai {

struct GatewayOptions {
  std::filesystem::path index_dir{};
  uint64_t cache_bytes = IndexOpenOptions{}.cache_bytes;  ///< memory for pages of index and text
  std::filesystem::path filtered_dir{};  ///< of `yurai corpus filter`; empty: no decisions shown
  /// A model of our own beside the n-gram model, whose id it must not have; null: none. Shared with
  /// whoever opened it.
  std::shared_ptr<const LanguageModel> model{};
  std::filesystem::path model_dir{};  ///< where it lies, if the first run may have kept it
  /// Of `yurai train`, or ledgers: all are shown, and traces say when the first read a passage.
  std::vector<std::filesystem::path> run_dirs{};
  /// A first run of another corpus than the index's is an error; else traces do not speak of it.
  bool run_must_fit = true;
  std::string upstream_url{};  ///< empty: no further models
  std::string upstream_api_key{};
  std::filesystem::path web_dir{};  ///< the built page; absent: a page that says so
  /// Names that a request's Host may carry (without port); empty: any. On a loopback address this
  /// keeps pages of other sites, whose name was made to lead here, from reading the corpus.
  std::vector<std::string> allowed_hosts{};
};

/// "localhost", "127.0.0.1", "[::1]": the names of this machine to itself.
std::vector<std::string> loopback_hosts();

/// Thread-safe; a request is a pure function of the index but for models, times and metrics.
class Gateway {
 public:
  static Result<Gateway> open(const GatewayOptions& options);
  Gateway(Gateway&&) noexcept;
  Gateway& operator=(Gateway&&) noexcept;
  ~Gateway();

  /// Every request gets an answer: a refusal or a failure is a response like any other.
  ApiResponse answer(const ApiRequest& request) const;
  /// The answer to what is no request.
  ApiResponse refuse(int status, std::string message) const;
  /// Whether the request's route waits for a model.
  bool generates(const ApiRequest& request) const;

  /// The three above, for a server; the gateway must outlive it.
  ServerHandlers handlers() const;

  bool page_built() const;

  /// Opens the index anew when its folder holds another one than before, and a run when it has
  /// another newest checkpoint; page, decisions and model stay as they are. Requests that began
  /// with the old ones end with them. After a failure those go on to serve.
  struct Changes {
    bool index = false;
    bool runs = false;
  };
  Result<Changes> refresh() const;
  /// Whether the first run does not fit the index, so that traces do not speak of it.
  bool lacks_run() const;
  /// Whether traces speak of a run that did not keep the model that answers.
  bool model_is_of_another_run() const;

 private:
  struct State;
  explicit Gateway(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace yurai

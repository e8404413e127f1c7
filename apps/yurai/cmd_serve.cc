#include <fmt/format.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <thread>

#include "apps/yurai/cli.h"
#include "apps/yurai/models.h"
#include "yurai/base/terminal.h"
#include "yurai/gateway/gateway.h"
#include "yurai/gateway/http_server.h"
#include "yurai/lm/remote_model.h"
#include "yurai/train/run_inputs.h"

namespace yurai::cli {
namespace {

struct ServeOptions {
  std::string index_dir;
  std::string cache = "256M";
  std::string filtered_dir;
  std::string model;
  std::string weights;
  std::vector<std::string> runs;
  std::string upstream_url;
  std::string api_key_env;
  std::string listen = "127.0.0.1:8765";
  std::string web_dir;
  double query_timeout_s = 60;
  std::vector<std::string> allowed_hosts;
};

/// "127.0.0.1:8765", "[::1]:0", "localhost:8765".
Result<HttpServerOptions> parse_listen(const std::string& text) {
  const size_t colon = text.rfind(':');
  std::string host = text.substr(0, colon);
  HttpServerOptions options;
  const char* end = text.data() + text.size();
  const char* begin = colon == std::string::npos ? end : text.data() + colon + 1;
  const auto port = std::from_chars(begin, end, options.port);
  if (port.ec != std::errc() || port.ptr != end || host.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("--listen '{}' is not ADDRESS:PORT, such as 127.0.0.1:8765 or [::1]:0",
                            for_terminal(text)));
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  options.address = host == "localhost" ? "127.0.0.1" : host;
  return options;
}

Result<double> parse_seconds(const std::string& text) {
  double seconds = 0;
  const char* end = text.data() + text.size();
  const auto [read, error] = std::from_chars(text.data(), end, seconds);
  if (error == std::errc() && read == end && seconds >= 0.001 && seconds <= 86400) return seconds;
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("'{}' is no number of seconds from 0.001 to 86400", for_terminal(text)));
}

bool is_loopback(const std::string& address) {
  return address.starts_with("127.") || address == "::1";
}

/// The page's folder beside the program: BUILD/bin/yurai → BUILD/share/yurai/web.
std::filesystem::path default_web_dir() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  return program.parent_path().parent_path() / "share" / "yurai" / "web";
}

Result<GatewayOptions> gateway_options(const ServeOptions& options, const std::string& address) {
  GatewayOptions gateway;
  gateway.index_dir = options.index_dir;
  YURAI_ASSIGN(gateway.cache_bytes, parse_bytes(options.cache));
  gateway.filtered_dir = options.filtered_dir;
  gateway.run_dirs.assign(options.runs.begin(), options.runs.end());
  gateway.run_must_fit = !options.runs.empty();
  // The run that answers is shown, too.
  const std::string implied = run_of_model(options.model);
  const bool is_named = std::ranges::any_of(options.runs, [&](const std::string& run) {
    std::error_code ignored;
    return std::filesystem::equivalent(run, implied, ignored);
  });
  if (!implied.empty() && !is_named) gateway.run_dirs.emplace_back(implied);
  gateway.upstream_url = options.upstream_url;
  gateway.web_dir =
      options.web_dir.empty() ? default_web_dir() : std::filesystem::path(options.web_dir);
  gateway.allowed_hosts = options.allowed_hosts;
  if (is_loopback(address)) {
    for (std::string& host : loopback_hosts()) gateway.allowed_hosts.push_back(std::move(host));
    gateway.allowed_hosts.push_back(address);
  }
  if (!options.api_key_env.empty()) {
    YURAI_ASSIGN(gateway.upstream_api_key, api_key_from_environment(options.api_key_env));
  }
  if (!options.web_dir.empty() && !std::filesystem::is_directory(options.web_dir)) {
    return fail(ErrorCode::kNotFound,
                fmt::format("--web '{}' is no folder", for_terminal(options.web_dir)));
  }
  return gateway;
}

/// Until a signal comes; meanwhile what `index add`, `merge` and `takedown` change is taken up, and
/// a run's new checkpoint.
void wait_for_end(const sigset_t& ending, const Gateway& gateway) {
  std::string failure;  // one that goes away at the next look was a change under way
  bool told = false;
  for (const timespec wait{.tv_sec = 1, .tv_nsec = 0}; sigtimedwait(&ending, nullptr, &wait) < 0;) {
    const auto changed = gateway.refresh();
    if (changed && changed->runs) {
      say(tr("a run has a new checkpoint: it is shown as it is now",
             "学習結果に新しいチェックポイントができました。今の内容を見せます"));
      if (gateway.lacks_run()) say(run_does_not_fit());
    }
    if (changed && changed->index) {
      say(tr("the index has changed: it is served as it is now",
             "索引が変わりました。今の内容で答えます"));
      if (gateway.lacks_run()) say(run_does_not_fit());
    }
    const std::string message = changed ? "" : changed.error().message;
    if (message != failure) {
      told = false;
    } else if (!message.empty() && !told) {
      say(tr("the index or the run has changed and cannot be opened; the old one is served: ",
             "索引または学習結果が変わりましたが、開けません。前の内容で答えます: ") +
          message);
      told = true;
    }
    failure = message;
  }
}

Result<void> serve(const ServeOptions& options) {
  // The signals are waited for below; blocked before any thread starts, so that none takes them.
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGINT);
  sigaddset(&ending, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);
  std::unique_ptr<LanguageModel> model;
  std::filesystem::path model_folder;
  if (!options.model.empty()) {
    YURAI_ASSIGN(model_folder, model_dir(options.model));
    YURAI_ASSIGN(model, open_model(model_folder.string(), options.weights));
  }

  YURAI_ASSIGN(HttpServerOptions server_options, parse_listen(options.listen));
  server_options.query_timeout =
      std::chrono::milliseconds(std::llround(options.query_timeout_s * 1000));
  server_options.num_query_threads = std::max(4u, 2 * std::thread::hardware_concurrency());
  YURAI_ASSIGN(GatewayOptions gateway_opts, gateway_options(options, server_options.address));
  gateway_opts.model = std::move(model);
  gateway_opts.model_dir = model_folder;
  YURAI_ASSIGN(const Gateway gateway, Gateway::open(gateway_opts));
  YURAI_ASSIGN(HttpServer server, HttpServer::listen(server_options, gateway.handlers()));

  YURAI_TRY(print(fmt::format("listening on {}\n", server.url())));
  std::fflush(stdout);
  if (!gateway.page_built()) {
    say(tr("the page is not built: only the API answers",
           "画面が作られていません。API だけが答えます"));
  }
  if (gateway.lacks_run()) say(run_does_not_fit());
  if (gateway.model_is_of_another_run()) say(model_is_not_of_the_run());
  if (!is_loopback(server_options.address)) {
    say(tr("anyone who reaches this address can read the corpus and ask the models",
           "このアドレスに届く人は誰でも、コーパスを読み、モデルに尋ねることができます"));
  }
  wait_for_end(ending, gateway);
  say(tr("ending: requests in flight have 5 seconds",
         "終了します（処理中の要求を 5 秒まで待ちます）"));
  server.stop();
  return {};
}

}  // namespace

void add_serve_command(CLI::App& app) {
  auto options = std::make_shared<ServeOptions>();  // lives as long as the callback below
  CLI::App* verb = app.add_subcommand("serve", tr("Serve the page and the HTTP API over an index",
                                                  "索引の画面と HTTP API を公開する"));
  verb->add_option("--index", options->index_dir, tr("Index folder", "索引のフォルダー"))
      ->required()
      ->type_name("DIR");
  verb->add_option("--cache", options->cache,
                   tr("Memory for pages of the index and its text, such as 2G",
                      "索引と本文のページに使うメモリ（例: 2G）"))
      ->check(checked_by(parse_bytes))
      ->type_name("SIZE")
      ->capture_default_str();
  verb->add_option("--filtered", options->filtered_dir,
                   tr("Folder of `corpus filter` whose decisions the page shows",
                      "判定の記録を画面で見せる corpus filter の結果のフォルダー"))
      ->type_name("DIR");
  CLI::Option* model =
      verb->add_option("--model", options->model,
                       tr("Folder of a model that answers, or of a run: its newest checkpoint",
                          "答えるモデルのフォルダー。学習結果なら最新のチェックポイント"))
          ->type_name("DIR");
  add_weights_option(*verb, options->weights, model);
  verb->add_option(
          "--run", options->runs,
          tr("Folder of a run or a ledger: traces say when the first read a passage, Models shows "
             "all (repeatable; default: the model, if it is a run)",
             "学習結果か台帳のフォルダー。最初のものについて、いつ読まれたかを示す。複数なら「モデ"
             "ル」ですべて見せる（既定: モデルが学習結果ならそれ）"))
      ->type_name("DIR")
      ->allow_extra_args(false);
  verb->add_option("--upstream", options->upstream_url,
                   tr("OpenAI-compatible API that other models are asked of",
                      "ほかのモデルを尋ねる OpenAI 互換 API"))
      ->type_name("URL");
  verb->add_option("--api-key-env", options->api_key_env,
                   tr("Environment variable that holds the upstream's key",
                      "上流 API の鍵が入っている環境変数の名前"))
      ->type_name("VAR");
  verb->add_option("--listen", options->listen,
                   tr("Address and port; port 0 takes any free one",
                      "待ち受けるアドレスとポート。0 なら空いているポート"))
      ->type_name("ADDRESS:PORT")
      ->check(checked_by(parse_listen))
      ->capture_default_str();
  verb->add_option("--web", options->web_dir,
                   tr("Folder of the built page; default: share/yurai/web beside the program",
                      "作成済みの画面のフォルダー。省略時はプログラムの隣の share/yurai/web"))
      ->type_name("DIR");
  verb->add_option("--query-timeout", options->query_timeout_s,
                   tr("Seconds after which a request that asks no model is given up",
                      "モデルに尋ねない要求を打ち切るまでの秒数"))
      ->type_name("SECONDS")
      ->check(checked_by(parse_seconds))
      ->capture_default_str();
  verb->add_option("--allow-host", options->allowed_hosts,
                   tr("Another name that requests may use for this server (repeatable)",
                      "このサーバーを指してよい別の名前（複数可）"))
      ->type_name("NAME")
      ->allow_extra_args(false);
  verb->callback([options] { run([&] { return serve(*options); }); });
}

}  // namespace yurai::cli

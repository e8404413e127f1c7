#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "yurai/base/result.h"
#include "yurai/gateway/http.h"

namespace yurai {

/// The files of the page, read once when it is opened: what is asked for is looked up by name,
/// so no path ever leads anywhere else. Immutable; thread-safe.
class PageFiles {
 public:
  /// Regular files below `dir`; links are not followed. A folder that is absent or has no
  /// index.html gives a page that says how to build one.
  static Result<PageFiles> open(const std::filesystem::path& dir);

  bool built() const { return files_.contains("/index.html"); }

  /// The file at the path of a GET; index.html for a place inside the page; 404 otherwise.
  ApiResult<ApiResponse> get(const ApiRequest& request) const;

 private:
  struct File {
    std::string bytes;
    std::string content_type;
    std::string etag;
  };
  std::map<std::string, File, std::less<>> files_;  ///< by path, such as "/assets/index-3f.js"
};

}  // namespace yurai

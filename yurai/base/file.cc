#include "yurai/base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "yurai/base/json.h"
#include "yurai/base/terminal.h"

namespace yurai {
namespace fs = std::filesystem;

Error io_error(std::string_view action, const fs::path& path, int error_number) {
  ErrorCode code = ErrorCode::kIo;
  std::string_view next;
  if (error_number == ENOENT || error_number == ENOTDIR) code = ErrorCode::kNotFound;
  if (error_number == EEXIST) code = ErrorCode::kAlreadyExists;
  if (error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG) {
    next = "; free some space and run it again";
  }
  return {code, fmt::format("{} '{}': {}{}", action, for_terminal(path.string()),
                            std::generic_category().message(error_number), next)};
}

namespace {

class PosixWritableFile final : public WritableFile {
 public:
  PosixWritableFile(fs::path path, int fd) : path_(std::move(path)), fd_(fd) {
    buffer_.reserve(kBufferBytes);
  }
  PosixWritableFile(const PosixWritableFile&) = delete;
  PosixWritableFile& operator=(const PosixWritableFile&) = delete;
  ~PosixWritableFile() override {
    if (fd_ >= 0) ::close(fd_);
  }

  Result<void> append(std::string_view bytes) override {
    YURAI_TRY(usable());
    if (buffer_.size() + bytes.size() > kBufferBytes) YURAI_TRY(flush());
    if (bytes.size() >= kBufferBytes) return write_all(bytes);
    buffer_.append(bytes);
    return {};
  }

  Result<void> flush() override {
    YURAI_TRY(usable());
    YURAI_TRY(write_all(buffer_));
    buffer_.clear();
    return {};
  }

  Result<void> sync() override {
    YURAI_TRY(flush());
    // EINVAL: a pipe or a device, which has nothing to sync.
    if (::fsync(fd_) != 0 && errno != EINVAL) return broken("sync", errno);
    return {};
  }

  Result<void> close() override {
    YURAI_TRY(sync());
    const int fd = std::exchange(fd_, -1);
    if (::close(fd) != 0) return broken("close", errno);
    return {};
  }

 private:
  static constexpr size_t kBufferBytes = 1 << 20;
  /// So many are on their way to the disk while more are written.
  static constexpr size_t kWaitingBytes = 32 << 20;

  Result<void> usable() const {
    if (fd_ >= 0 && error_number_ == 0) return {};
    return fail(io_error("write", path_, error_number_ == 0 ? EBADF : error_number_));
  }

  Result<void> write_all(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return broken("write", errno);
      bytes.remove_prefix(static_cast<size_t>(written));
      waiting_bytes_ += static_cast<size_t>(written);
    }
    if (waiting_bytes_ >= kWaitingBytes) {  // a hint: the sync has the less to wait for
      ::sync_file_range(fd_, 0, 0, SYNC_FILE_RANGE_WRITE);
      waiting_bytes_ = 0;
    }
    return {};
  }

  tl::unexpected<Error> broken(std::string_view action, int error_number) {
    error_number_ = error_number;
    return fail(io_error(action, path_, error_number));
  }

  fs::path path_;
  int fd_;
  int error_number_ = 0;
  std::string buffer_;
  size_t waiting_bytes_ = 0;
};

/// The manifest.json of a folder, where it is one of ours: nothing else is ever replaced.
std::optional<Json> artefact_manifest(const fs::path& folder) {
  std::error_code status;
  const fs::path path = folder / kManifestName;
  if (fs::is_symlink(folder, status) || !fs::is_regular_file(path, status)) return std::nullopt;
  const auto bytes = read_file(path, 64 << 20);
  if (!bytes) return std::nullopt;
  auto manifest = parse_json(*bytes, kManifestName);
  if (!manifest) return std::nullopt;
  const auto format = json_string(*manifest, "format");
  if (!format || !format->starts_with("yurai-")) return std::nullopt;
  return std::move(*manifest);
}

/// A file of an artefact's folder that its manifest does not list, with '/'; empty when none.
Result<std::string> unlisted_file(const fs::path& folder, const Json& manifest) {
  std::set<std::string> listed = {std::string(kManifestName), std::string(kStagingMark)};
  for (const Json& file : manifest.value("files", Json::array())) {
    if (const auto name = json_string(file, "name")) listed.insert(*name);
  }
  std::error_code status;
  fs::recursive_directory_iterator entry(folder, status);
  for (; !status && entry != fs::recursive_directory_iterator(); entry.increment(status)) {
    if (fs::is_directory(entry->symlink_status(status))) continue;
    std::string name = entry->path().lexically_relative(folder).generic_string();
    if (listed.count(name) == 0) return name;
  }
  if (status) return fail(io_error("list", folder, status.value()));
  return "";
}

/// Removes what a killed program left in its staging folder, but for the mark.
Result<void> clear_stage(const fs::path& folder) {
  std::error_code status;
  std::vector<fs::path> left;
  fs::directory_iterator entry(folder, status);
  for (; !status && entry != fs::directory_iterator(); entry.increment(status)) {
    if (entry->path().filename() != kStagingMark) left.push_back(entry->path());
  }
  if (status) return fail(io_error("list", folder, status.value()));
  for (const fs::path& path : left) {
    fs::remove_all(path, status);
    if (status) return fail(io_error("remove", path, status.value()));
  }
  return {};
}

/// What is said of a target that must not be replaced; nothing when it may be.
Result<void> replaceable(const fs::path& target) {
  const std::string name = for_terminal(target.string());
  std::error_code status;
  if (fs::is_symlink(fs::symlink_status(target, status))) {
    return fail(
        ErrorCode::kAlreadyExists,
        fmt::format(
            "'{}' is a link, which --force does not replace; name the folder that it leads to",
            name));
  }
  const auto manifest = artefact_manifest(target);
  if (!manifest) {
    return fail(ErrorCode::kAlreadyExists,
                fmt::format("'{}' exists and holds no manifest.json of Yurai, so --force does not "
                            "replace it; remove it yourself or name another folder",
                            name));
  }
  YURAI_ASSIGN(const std::string unlisted, unlisted_file(target, *manifest));
  if (unlisted.empty()) return {};
  return fail(ErrorCode::kAlreadyExists,
              fmt::format("'{}' holds '{}', which its manifest.json does not list, so --force does "
                          "not replace it; move that file away or name another folder",
                          name, for_terminal(unlisted)));
}

/// Of what `from` and `to` are, where both are artefacts.
Result<void> same_format(const fs::path& from, const fs::path& to) {
  const auto ours = artefact_manifest(from);
  const auto theirs = artefact_manifest(to);
  if (!ours || !theirs || (*ours)["format"] == (*theirs)["format"]) return {};
  return fail(ErrorCode::kAlreadyExists,
              fmt::format("'{}' is a {}, which a {} does not replace; name another folder",
                          for_terminal(to.string()), (*theirs)["format"].get<std::string>(),
                          (*ours)["format"].get<std::string>()));
}

class PosixDisk final : public Disk {
 public:
  Result<std::unique_ptr<WritableFile>> create(const fs::path& path) override {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) return fail(io_error("create", path, errno));
    return std::unique_ptr<WritableFile>(std::make_unique<PosixWritableFile>(path, fd));
  }

  Result<std::unique_ptr<WritableFile>> reopen(const fs::path& path, uint64_t bytes) override {
    const int fd = ::open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return fail(io_error("open", path, errno));
    auto file = std::make_unique<PosixWritableFile>(path, fd);  // closes it
    struct stat status {};
    if (::fstat(fd, &status) != 0) return fail(io_error("look at", path, errno));
    if (!S_ISREG(status.st_mode) || static_cast<uint64_t>(status.st_size) < bytes) {
      return fail(ErrorCode::kCorrupt,
                  fmt::format("'{}' has not the {} bytes that it should go on from",
                              for_terminal(path.string()), bytes));
    }
    if (::ftruncate(fd, static_cast<off_t>(bytes)) != 0) {
      return fail(io_error("truncate", path, errno));
    }
    if (::lseek(fd, 0, SEEK_END) < 0) return fail(io_error("seek in", path, errno));
    return std::unique_ptr<WritableFile>(std::move(file));
  }

  Result<void> rename(const fs::path& from, const fs::path& to) override {
    if (::rename(from.c_str(), to.c_str()) == 0) return {};
    const int rename_error = errno;
    if ((rename_error != ENOTEMPTY && rename_error != EEXIST) || !artefact_manifest(to)) {
      return fail(io_error("rename to", to, rename_error));
    }
    // An artefact is there: the two change places, in one step where the file system can.
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE) == 0) return {};
    if (errno != EINVAL && errno != ENOSYS) return fail(io_error("replace", to, errno));
    fs::path old = to;
    old += ".replaced";
    if (::rename(to.c_str(), old.c_str()) != 0) return fail(io_error("replace", to, errno));
    if (::rename(from.c_str(), to.c_str()) != 0) {
      const int error_number = errno;
      std::error_code ignored;
      fs::rename(old, to, ignored);
      return fail(io_error("rename to", to, error_number));
    }
    if (::rename(old.c_str(), from.c_str()) != 0) return fail(io_error("replace", to, errno));
    return {};
  }

  Result<void> sync_directory(const fs::path& path) override {
    const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return fail(io_error("open", path, errno));
    const int status = ::fsync(fd);
    const int error_number = errno;
    ::close(fd);
    if (status != 0) return fail(io_error("sync", path, error_number));
    return {};
  }
};

fs::path parent_of(const fs::path& path) {
  const fs::path parent = path.parent_path();
  return parent.empty() ? fs::path(".") : parent;
}

}  // namespace

Disk& posix_disk() {
  static PosixDisk disk;
  return disk;
}

ReadableFile::ReadableFile(fs::path path, int fd, uint64_t size_bytes)
    : path_(std::move(path)), fd_(fd), size_bytes_(size_bytes) {}

ReadableFile::ReadableFile(ReadableFile&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      size_bytes_(other.size_bytes_) {}

ReadableFile& ReadableFile::operator=(ReadableFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  std::swap(size_bytes_, other.size_bytes_);
  return *this;
}

ReadableFile::~ReadableFile() {
  if (fd_ >= 0) ::close(fd_);
}

Result<ReadableFile> ReadableFile::open(const fs::path& path, Mode mode) {
  const int direct = mode == Mode::kDirect ? O_DIRECT : 0;
  // Opening a pipe that nobody writes to must not wait; regular files do not know the flag.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | direct);
  if (fd < 0) return fail(io_error("open", path, errno));
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(fd);
    if (S_ISDIR(status.st_mode)) return fail(io_error("open", path, EISDIR));
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' is no regular file", for_terminal(path.string())));
  }
  return ReadableFile(path, fd, static_cast<uint64_t>(status.st_size));
}

Result<size_t> ReadableFile::read(uint64_t offset, std::span<char> out) const {
  size_t done = 0;
  while (done < out.size()) {
    const ssize_t got =
        ::pread(fd_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      return fail(io_error(fmt::format("read at byte {} of", offset + done), path_, errno));
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  return done;
}

Result<void> ReadableFile::read_exactly(uint64_t offset, std::span<char> out) const {
  YURAI_ASSIGN(const size_t done, read(offset, out));
  if (done == out.size()) return {};
  return fail(ErrorCode::kCorrupt,
              fmt::format("'{}' ends at byte {}, {} bytes were expected there",
                          for_terminal(path_.string()), offset + done, out.size() - done));
}

void free_file_range(const fs::path& path, uint64_t begin, uint64_t end) {
  const int file = begin < end ? ::open(path.c_str(), O_WRONLY | O_CLOEXEC) : -1;
  if (file < 0) return;
  ::fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(begin),
              static_cast<off_t>(end - begin));
  ::close(file);
}

Result<std::string> read_file(const fs::path& path, uint64_t max_bytes) {
  YURAI_ASSIGN(const ReadableFile file, ReadableFile::open(path));
  if (file.size_bytes() > max_bytes) {
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("'{}' has {} bytes; at most {} are read", for_terminal(path.string()),
                            file.size_bytes(), max_bytes));
  }
  std::string bytes(file.size_bytes(), '\0');
  YURAI_TRY(file.read_exactly(0, bytes));
  return bytes;
}

Result<void> check_new_file(const fs::path& path, bool force) {
  std::error_code status;
  const fs::file_status there = fs::status(path, status);
  const bool is_link_to_nowhere =
      !fs::exists(there) && fs::is_symlink(fs::symlink_status(path, status));
  if (fs::is_directory(there) || is_link_to_nowhere) {
    return fail(ErrorCode::kAlreadyExists,
                fmt::format("'{}' is a {}; name a file", for_terminal(path.string()),
                            is_link_to_nowhere ? "link to nothing" : "folder"));
  }
  if (force || !fs::is_regular_file(there)) return {};
  return fail(ErrorCode::kAlreadyExists,
              fmt::format("'{}' exists; name another file, or replace it with --force",
                          for_terminal(path.string())));
}

namespace {

/// Makes the empty file `path`, which nobody has yet.
Result<void> claim_partial_file(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd >= 0) {
    ::close(fd);
    return {};
  }
  if (errno != EEXIST) return fail(io_error("create", path, errno));
  return fail(ErrorCode::kAlreadyExists,
              fmt::format("'{}' is there already: a run that was stopped left it, another one is "
                          "writing it, or it is a file of yours; remove or rename it, or name "
                          "another file",
                          for_terminal(path.string())));
}

}  // namespace

Result<NewFile> NewFile::create(const fs::path& path, Options options) {
  YURAI_TRY(check_new_file(path, options.force));
  NewFile file;
  file.target_ = path;
  file.options_ = options;
  if (file.options_.disk == nullptr) file.options_.disk = &posix_disk();
  std::error_code status;
  const fs::file_status there = fs::status(path, status);
  fs::path written = path;
  if (!fs::exists(there) || fs::is_regular_file(there)) written += ".partial";
  if (written != path) YURAI_TRY(claim_partial_file(written));
  if (written != path) file.path_ = written;
  YURAI_ASSIGN(file.file_, file.options_.disk->create(written));
  return file;
}

NewFile::NewFile(NewFile&& other) noexcept
    : target_(std::move(other.target_)),
      path_(std::exchange(other.path_, {})),
      options_(other.options_),
      file_(std::move(other.file_)) {}

NewFile::~NewFile() {
  if (path_.empty()) return;
  std::error_code ignored;
  fs::remove(path_, ignored);
}

Result<void> NewFile::commit() {
  YURAI_TRY(file_->close());
  if (path_.empty()) return {};
  YURAI_TRY(check_new_file(target_, options_.force));  // it may have come meanwhile
  YURAI_TRY(options_.disk->rename(path_, target_));
  path_.clear();
  return options_.disk->sync_directory(parent_of(target_));
}

Result<void> write_file(const fs::path& path, std::string_view bytes, Disk& disk) {
  // The folders that these files lie in are ours, and so is what a killed run left in them.
  std::error_code ignored;
  fs::remove(path.string() + ".partial", ignored);
  YURAI_ASSIGN(NewFile file, NewFile::create(path, {.force = true, .disk = &disk}));
  YURAI_TRY(file.append(bytes));
  return file.commit();
}

Result<StagingDirectory> StagingDirectory::create(const fs::path& target, Options options) {
  StagingDirectory stage;
  stage.target_ = target.lexically_normal();
  if (stage.target_.filename().empty()) stage.target_ = stage.target_.parent_path();
  stage.path_ = stage.target_;
  stage.path_ += ".partial";
  stage.disk_ = options.disk != nullptr ? options.disk : &posix_disk();
  stage.force_ = options.force;

  const std::string name = for_terminal(stage.target_.string());
  if (stage.target_.filename().empty() || stage.target_.filename() == "." ||
      stage.target_.filename() == "..") {
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is no name for a new folder", name));
  }
  std::error_code status;
  if (fs::exists(fs::symlink_status(stage.target_, status))) {
    if (!options.force) {
      return fail(
          ErrorCode::kAlreadyExists,
          fmt::format("'{}' exists; name another folder, or replace it with --force", name));
    }
    YURAI_TRY(replaceable(stage.target_));
  }
  fs::create_directories(parent_of(stage.target_), status);
  if (status) return fail(io_error("create folder", parent_of(stage.target_), status.value()));
  if (::mkdir(stage.path_.c_str(), 0777) != 0 && errno != EEXIST) {
    return fail(io_error("create folder", stage.path_, errno));
  }
  stage.lock_fd_ = ::open(stage.path_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (stage.lock_fd_ < 0) {
    stage.committed_ = true;  // not ours to remove
    return fail(io_error("open", stage.path_, errno));
  }
  if (::flock(stage.lock_fd_, LOCK_EX | LOCK_NB) != 0) {
    stage.committed_ = true;
    return fail(ErrorCode::kAlreadyExists,
                fmt::format("another process is writing '{}'; wait for it to end", name));
  }
  const fs::path mark = stage.path_ / kStagingMark;
  if (!fs::is_empty(stage.path_, status) && !fs::exists(fs::symlink_status(mark, status)) &&
      !artefact_manifest(stage.path_)) {
    stage.committed_ = true;
    return fail(ErrorCode::kAlreadyExists,
                fmt::format("'{}', where '{}' would be made, exists and is not what Yurai leaves; "
                            "move it away or name another folder",
                            for_terminal(stage.path_.string()), name));
  }
  if (fs::is_regular_file(fs::symlink_status(mark, status))) {
    auto resume_point = read_file(mark);
    if (!resume_point) {
      stage.committed_ = true;
      return fail(std::move(resume_point).error());
    }
    stage.resume_point_ = std::move(*resume_point);
  }
  if (!stage.resume_point_.empty()) {
    if (options.resume) return stage;
    if (!options.force) {
      return fail(ErrorCode::kAlreadyExists,
                  fmt::format("'{}' holds what an interrupted run had finished; go on from there "
                              "with --resume, or begin anew with --force",
                              for_terminal(stage.path_.string())));
    }
    stage.resume_point_.clear();
  }
  const int mark_fd =
      ::open(mark.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (mark_fd < 0) return fail(io_error("create", mark, errno));
  ::close(mark_fd);
  YURAI_TRY(clear_stage(stage.path_));
  return stage;
}

StagingDirectory::StagingDirectory(StagingDirectory&& other) noexcept
    : target_(std::move(other.target_)),
      path_(std::move(other.path_)),
      disk_(other.disk_),
      force_(other.force_),
      committed_(std::exchange(other.committed_, true)),
      lock_fd_(std::exchange(other.lock_fd_, -1)),
      resume_point_(std::move(other.resume_point_)) {}

StagingDirectory::~StagingDirectory() {
  if (!committed_ && resume_point_.empty() && !path_.empty() && lock_fd_ >= 0) {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  if (lock_fd_ >= 0) ::close(lock_fd_);
}

Result<std::unique_ptr<WritableFile>> StagingDirectory::create_file(std::string_view name) {
  return disk_->create(path_ / name);
}

Result<void> StagingDirectory::add_file(std::string_view name, std::string_view bytes) {
  YURAI_ASSIGN(auto file, create_file(name));
  YURAI_TRY(file->append(bytes));
  return file->close();
}

Result<void> StagingDirectory::save_resume_point(std::string_view bytes) {
  YURAI_TRY(write_file(path_ / kStagingMark, bytes, *disk_));
  resume_point_ = bytes;
  return {};
}

Result<void> StagingDirectory::commit() {
  std::error_code ignored;
  const auto exists = [&](const fs::path& path) {
    return fs::exists(fs::symlink_status(path, ignored));
  };
  const auto taken = [&] {
    return fail(ErrorCode::kAlreadyExists,
                fmt::format("'{}' was made by another process meanwhile; name another folder",
                            for_terminal(target_.string())));
  };
  if (!force_ && exists(target_)) return taken();
  YURAI_TRY(same_format(path_, target_));
  YURAI_TRY(disk_->sync_directory(path_));
  YURAI_TRY(disk_->rename(path_, target_));
  if (!force_ && exists(path_)) {  // it came between the two lines above: back with it
    YURAI_TRY(disk_->rename(path_, target_));
    return taken();
  }
  committed_ = true;
  // Only now: until the rename, the mark holds what a later run would go on from.
  fs::remove(target_ / kStagingMark, ignored);
  YURAI_TRY(disk_->sync_directory(parent_of(target_)));
  fs::remove_all(path_, ignored);  // with --force it holds what was replaced
  return {};
}

}  // namespace yurai

#include "yurai/ledger/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <unordered_map>

#include "yurai/base/terminal.h"
#include "yurai/ledger/inverse_index.h"
#include "yurai/ledger/ledger_folder.h"
#include "yurai/ledger/row_codec.h"
#include "yurai/ledger/step_log.h"

namespace yurai {
namespace fs = std::filesystem;

struct Ledger::State {
  fs::path dir;
  LedgerFolder folder;
  StepLog log;
  std::optional<InverseIndex> inverse;

  RowCodec codec() const { return {folder.documents, folder.order_or_null()}; }
  Result<std::vector<uint64_t>> steps_of(uint64_t document) const;
};

Ledger::Ledger(std::unique_ptr<State> state) : state_(std::move(state)) {}
Ledger::Ledger(Ledger&&) noexcept = default;
Ledger& Ledger::operator=(Ledger&&) noexcept = default;
Ledger::~Ledger() = default;

Result<Ledger> Ledger::open(const fs::path& dir, uint64_t max_steps) {
  YURAI_ASSIGN(LedgerFolder folder, open_ledger_folder(dir));
  YURAI_ASSIGN(StepLog log, StepLog::open(dir, folder.genesis, max_steps));
  std::optional<InverseIndex> inverse;
  if (folder.closed() && !folder.order) {
    YURAI_ASSIGN(inverse, InverseIndex::open(dir, folder.manifest, folder.documents.size()));
  }
  return Ledger(
      std::make_unique<State>(State{dir, std::move(folder), std::move(log), std::move(inverse)}));
}

const LedgerHead& Ledger::head() const { return state_->folder.head; }
const Manifest& Ledger::manifest() const { return state_->folder.manifest; }
uint64_t Ledger::steps() const { return state_->log.steps(); }
uint64_t Ledger::num_documents() const { return state_->folder.documents.size(); }
const TrainingOrder* Ledger::order() const { return state_->folder.order_or_null(); }

uint64_t Ledger::tokens_per_epoch() const {
  return order() == nullptr ? 0 : order()->tokens_per_epoch();
}

Result<std::string> Ledger::chain_head(uint64_t steps) const {
  if (steps > this->steps()) {
    return fail(ErrorCode::kNotFound,
                fmt::format("the ledger has {} steps, not {}", this->steps(), steps));
  }
  YURAI_ASSIGN(const ChainHash hash, state_->log.hash(steps));
  return hex(hash);
}

Result<std::vector<LedgerRow>> Ledger::step(uint64_t n) const {
  if (n >= steps()) {
    return fail(ErrorCode::kNotFound,
                steps() == 0
                    ? "the ledger has no steps yet"
                    : fmt::format("no step {}; the ledger has steps 0 to {}", n, steps() - 1));
  }
  YURAI_ASSIGN(const std::string payload, state_->log.payload(n));
  return state_->codec().decode(n, payload);
}

/// Ascending, without repetition; those that the log has.
Result<std::vector<uint64_t>> Ledger::State::steps_of(uint64_t document) const {
  if (inverse) return inverse->steps(document);
  std::vector<uint64_t> found;
  if (!folder.order) {  // being written: nothing but the log itself can tell
    for (uint64_t step = 0; step < log.steps(); ++step) found.push_back(step);
    return found;
  }
  const uint64_t per_step = folder.order->spec().sequences_per_step;
  if (log.steps() == 0) return found;
  if (log.steps() > UINT64_MAX / per_step || !folder.order->holds(log.steps() * per_step - 1)) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("'{}' has more steps than its order", for_terminal(dir.string())));
  }
  const uint32_t epochs = folder.order->num_epochs(log.steps() * per_step);
  for (uint32_t epoch = 0; epoch < epochs; ++epoch) {
    for (const OrderPlace& place : folder.order->places(document, 0, UINT64_MAX, epoch)) {
      if (place.step < log.steps()) found.push_back(place.step);
    }
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

Result<std::vector<LedgerRow>> Ledger::document_rows(uint64_t number) const {
  if (number >= num_documents()) {
    return fail(ErrorCode::kNotFound,
                fmt::format("no document {}; the ledger has {}", number, num_documents()));
  }
  YURAI_ASSIGN(const std::vector<uint64_t> steps, state_->steps_of(number));
  std::vector<LedgerRow> rows;
  for (const uint64_t step : steps) {
    if (step >= state_->log.steps()) {
      return fail(ErrorCode::kCorrupt,
                  fmt::format("'{}' names step {}, which the log has not; import again",
                              for_terminal((state_->dir / kInverseName).string()), step));
    }
    YURAI_ASSIGN(const std::string payload, state_->log.payload(step));
    YURAI_ASSIGN(const auto of_step, state_->codec().decode(step, payload, number));
    rows.insert(rows.end(), of_step.begin(), of_step.end());
  }
  return rows;
}

Result<std::vector<LedgerRow>> Ledger::document(std::string_view id) const {
  YURAI_ASSIGN(const std::vector<uint64_t> numbers, find_id(id));
  if (numbers.empty()) {
    return fail(ErrorCode::kNotFound,
                fmt::format("no document '{}' in the ledger: ids are those of the corpus, and "
                            "documents kept apart for validation are not in it",
                            for_terminal(id)));
  }
  std::vector<LedgerRow> rows;
  for (const uint64_t number : numbers) {
    YURAI_ASSIGN(const auto more, document_rows(number));
    rows.insert(rows.end(), more.begin(), more.end());
  }
  std::stable_sort(rows.begin(), rows.end(), [](const LedgerRow& a, const LedgerRow& b) {
    return std::pair(a.step, a.sequence) < std::pair(b.step, b.sequence);
  });
  return rows;
}

Result<std::vector<LedgerRow>> Ledger::exposures(std::string_view id, uint64_t byte_begin,
                                                 uint64_t byte_end) const {
  if (byte_begin >= byte_end) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("bytes {}–{} are none; the end lies after the beginning", byte_begin,
                            byte_end));
  }
  YURAI_ASSIGN(std::vector<LedgerRow> rows, document(id));
  std::erase_if(rows, [&](const LedgerRow& row) {
    return row.byte_begin >= byte_end || row.byte_end <= byte_begin;
  });
  return rows;
}

Result<LedgerDocument> Ledger::document_facts(uint64_t number) const {
  if (number >= num_documents()) {
    return fail(ErrorCode::kNotFound,
                fmt::format("no document {}; the ledger has {}", number, num_documents()));
  }
  return state_->folder.documents.read(number);
}

Result<std::string> Ledger::document_id(uint64_t number) const {
  YURAI_ASSIGN(LedgerDocument document, document_facts(number));
  return std::move(document.id);
}

Result<std::vector<uint64_t>> Ledger::find_id(std::string_view id) const {
  return state_->folder.documents.find(id);
}

namespace {

/// Whether the bytes of slots that lie side by side in the stream join, wherever they were read.
/// Keeps an entry for each border of which one side was seen: at most one a sequence of an epoch.
class SlotBorders {
 public:
  SlotBorders(const TrainingOrder& order, const RowCodec& codec) : order_(order), codec_(codec) {}

  bool join(std::span<const LedgerRow> rows) {
    for (size_t i = 0; i < rows.size(); ++i) {
      const LedgerRow& row = rows[i];
      const uint64_t slot = order_.slot_of(row.sequence);
      const bool first = i == 0 || rows[i - 1].sequence != row.sequence;
      const bool last = i + 1 == rows.size() || rows[i + 1].sequence != row.sequence;
      if (first && row.token_begin > 0 && !agrees(slot, row.byte_begin)) return false;
      if (last && !codec_.ends_document(row) && !agrees(slot + 1, row.byte_end)) return false;
    }
    return true;
  }

 private:
  bool agrees(uint64_t border, uint64_t byte) {
    const auto [at, fresh] = bytes_.try_emplace(border, byte);
    if (fresh) return true;
    const bool same = at->second == byte;
    bytes_.erase(at);
    return same;
  }

  const TrainingOrder& order_;
  const RowCodec& codec_;
  std::unordered_map<uint64_t, uint64_t> bytes_;
};

}  // namespace

Result<VerifyReport> Ledger::verify(const Progress& progress) const {
  YURAI_TRY(verify_files(state_->dir, manifest(), progress));
  VerifyReport report;
  report.order_checked = order() != nullptr;
  report.torn_bytes = state_->log.torn_bytes();
  const RowCodec codec = state_->codec();
  std::optional<LedgerRow> before;
  std::optional<SlotBorders> borders;
  if (order() != nullptr && order()->spec().shuffled) borders.emplace(*order(), codec);
  ChainHash hash = state_->folder.genesis;
  for (uint64_t n = 0; n < steps(); ++n) {
    YURAI_ASSIGN(const std::string payload, state_->log.payload(n));
    hash = next_hash(hash, payload);
    YURAI_ASSIGN(const auto rows, codec.decode(n, payload));
    for (const LedgerRow& row : rows) {
      if (!codec.joins(before ? &*before : nullptr, row)) {
        return fail(ErrorCode::kCorrupt,
                    fmt::format("step {}: bytes {}–{} of document {} do not join those before", n,
                                row.byte_begin, row.byte_end, row.document));
      }
      if (state_->inverse) {
        YURAI_ASSIGN(const auto known, state_->inverse->steps(row.document));
        if (!std::binary_search(known.begin(), known.end(), n)) {
          return fail(ErrorCode::kCorrupt,
                      fmt::format("{} does not name step {} of document {}; import again",
                                  kInverseName, n, row.document));
        }
      }
      before = row;
      report.tokens += row.tokens;
      report.tokens_known = report.tokens_known && row.tokens > 0;
      ++report.rows;
    }
    if (borders && !borders->join(rows)) {
      return fail(ErrorCode::kCorrupt,
                  fmt::format("step {}: bytes of a sequence do not join those of the one beside it "
                              "in the stream",
                              n));
    }
    if (rows.empty()) before.reset();
    ++report.steps;
    progress("ledger", n + 1, steps());
  }
  report.chain_head = hex(hash);
  return report;
}

}  // namespace yurai

#include "yurai/ledger/training_order.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <numeric>

#include "yurai/base/random.h"

namespace yurai {
namespace {

constexpr uint64_t kMaxStream = 1ull << 62;  // tokens; sums of two such numbers do not overflow
constexpr uint32_t kMaxSequenceTokens = 1u << 24;

/// Memory for epochs that were asked for; at least two of them, for a sequence may lie in two.
constexpr uint64_t kEpochBytes = 256 << 20;
constexpr uint64_t kMaxEpochs = 64;
constexpr uint64_t kEpochBytesPerDocument = 16;

/// An epoch's documents in order, and where each begins in the epoch's stream.
struct EpochOrder {
  uint32_t epoch = 0;
  std::vector<uint32_t> documents;  ///< by rank
  std::vector<uint32_t> ranks;      ///< by document
  std::vector<uint64_t> begins;     ///< by rank, and the end
};

/// Fisher and Yates' shuffle, from the back. The seed of an epoch goes twice through the
/// generator's mixer: SplitMix64 from neighbouring seeds would give shifted copies of one sequence.
std::vector<uint32_t> shuffled(size_t count, uint64_t seed, uint32_t epoch) {
  std::vector<uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0u);
  SplitMix64 random(SplitMix64(SplitMix64(seed).next() + epoch).next());
  for (size_t i = count; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  return order;
}

uint64_t mixed(uint64_t value) { return SplitMix64(value).next(); }

/// A permutation of [0, count) that needs no memory, and its inverse: the swap-or-not shuffle
/// (Hoang, Morris and Rogaway 2012). Each round pairs x with key - x and swaps them or not; a round
/// undoes itself, so the inverse is the rounds from the last to the first.
uint64_t swap_or_not(uint64_t x, uint64_t count, uint64_t key, bool inverse) {
  __extension__ using uint128_t = unsigned __int128;
  constexpr uint64_t kRounds = 64;
  for (uint64_t i = 0; i < kRounds; ++i) {
    const uint64_t round = inverse ? kRounds - 1 - i : i;
    const uint64_t random = mixed(key + 2 * round);
    const auto sum = static_cast<uint64_t>(static_cast<uint128_t>(random) * count >> 64);
    const uint64_t partner = sum >= x ? sum - x : sum + (count - x);
    if ((mixed(mixed(key + 2 * round + 1) ^ std::max(x, partner)) & 1) != 0) x = partner;
  }
  return x;
}

}  // namespace

struct TrainingOrder::State {
  std::vector<uint32_t> document_tokens;
  OrderSpec spec;
  uint64_t tokens_per_epoch = 0;

  // Shared: a question keeps its epoch while another thread's takes its place here.
  mutable std::mutex mutex;
  mutable std::vector<std::shared_ptr<const EpochOrder>> recent;  ///< the last one asked first

  uint64_t stream_tokens(uint64_t document) const { return document_tokens[document] + 1ull; }

  uint64_t num_slots() const {
    const uint64_t last = tokens_per_epoch < kMaxStream >> 31 ? tokens_per_epoch << 31 : kMaxStream;
    return last / spec.sequence_tokens;
  }

  /// The slots that begin in an epoch.
  struct Group {
    uint64_t first, count;
  };
  Group group(uint64_t epoch) const {
    const uint64_t length = spec.sequence_tokens;
    const auto slots_to = [&](uint64_t token) { return token / length + (token % length != 0); };
    const uint64_t begin = epoch * tokens_per_epoch;
    const uint64_t first = slots_to(begin);
    if (tokens_per_epoch > kMaxStream - begin) return {first, num_slots() - first};
    return {first, std::min(slots_to(begin + tokens_per_epoch), num_slots()) - first};
  }

  /// From a sequence to its slot, or back: both lie in the group of the same epoch.
  uint64_t permuted(uint64_t number, bool inverse) const {
    if (!spec.shuffled) return number;
    const uint64_t epoch = number * spec.sequence_tokens / tokens_per_epoch;
    const auto [first, count] = group(epoch);
    const uint64_t key = mixed(~mixed(mixed(spec.seed) + epoch));
    return first + swap_or_not(number - first, count, key, inverse);
  }

  std::shared_ptr<const EpochOrder> epoch(uint32_t number) const {
    const std::lock_guard lock(mutex);
    const auto found = std::find_if(recent.begin(), recent.end(),
                                    [&](const auto& e) { return e->epoch == number; });
    if (found != recent.end()) {
      std::rotate(recent.begin(), found, found + 1);
      return recent[0];
    }
    auto made = std::make_shared<EpochOrder>();
    made->epoch = number;
    made->documents = shuffled(document_tokens.size(), spec.seed, number);
    made->ranks.resize(document_tokens.size());
    made->begins.reserve(document_tokens.size() + 1);
    uint64_t begin = 0;
    for (uint32_t rank = 0; rank < made->documents.size(); ++rank) {
      made->ranks[made->documents[rank]] = rank;
      made->begins.push_back(begin);
      begin += stream_tokens(made->documents[rank]);
    }
    made->begins.push_back(begin);
    const uint64_t kept = kEpochBytes / kEpochBytesPerDocument / document_tokens.size();
    if (recent.size() >= std::clamp<uint64_t>(kept, 2, kMaxEpochs)) recent.pop_back();
    recent.insert(recent.begin(), std::move(made));
    return recent[0];
  }
};

TrainingOrder::TrainingOrder(std::unique_ptr<State> state) : state_(std::move(state)) {}
TrainingOrder::TrainingOrder(TrainingOrder&&) noexcept = default;
TrainingOrder& TrainingOrder::operator=(TrainingOrder&&) noexcept = default;
TrainingOrder::~TrainingOrder() = default;

Result<TrainingOrder> TrainingOrder::make(std::vector<uint32_t> document_tokens, OrderSpec spec) {
  const auto wrong = [](std::string what) {
    return fail(ErrorCode::kInvalidArgument, "training order: " + std::move(what));
  };
  if (spec.sequence_tokens == 0 || spec.sequence_tokens > kMaxSequenceTokens) {
    return wrong(fmt::format("sequence_tokens is {}; it must be from 1 to {}", spec.sequence_tokens,
                             kMaxSequenceTokens));
  }
  if (spec.sequences_per_step == 0) return wrong("sequences_per_step is 0; it must be at least 1");
  if (document_tokens.empty()) return wrong("there are no documents");
  if (document_tokens.size() > UINT32_MAX) {
    return wrong(fmt::format("{} documents; at most {}", document_tokens.size(), UINT32_MAX));
  }
  uint64_t total = 0;
  for (size_t i = 0; i < document_tokens.size(); ++i) {
    if (document_tokens[i] == UINT32_MAX) {
      return wrong(fmt::format("document {} has {} tokens; at most {}", i, document_tokens[i],
                               UINT32_MAX - 1));
    }
    total += document_tokens[i] + 1ull;
  }
  auto state = std::make_unique<State>();
  state->document_tokens = std::move(document_tokens);
  state->spec = spec;
  state->tokens_per_epoch = total;
  return TrainingOrder(std::move(state));
}

const OrderSpec& TrainingOrder::spec() const { return state_->spec; }
uint64_t TrainingOrder::num_documents() const { return state_->document_tokens.size(); }
uint64_t TrainingOrder::tokens_per_epoch() const { return state_->tokens_per_epoch; }

uint32_t TrainingOrder::document_tokens(uint64_t document) const {
  YURAI_CHECK(document < num_documents());
  return state_->document_tokens[document];
}

bool TrainingOrder::holds(uint64_t q) const { return q < state_->num_slots(); }

uint64_t TrainingOrder::slot_of(uint64_t q) const {
  YURAI_CHECK(holds(q));
  return state_->permuted(q, /*inverse=*/false);
}

uint64_t TrainingOrder::sequence_of(uint64_t p) const {
  YURAI_CHECK(holds(p));
  return state_->permuted(p, /*inverse=*/true);
}

uint32_t TrainingOrder::num_epochs(uint64_t sequences) const {
  if (sequences == 0) return 0;
  YURAI_CHECK(holds(sequences - 1));
  const uint64_t length = state_->spec.sequence_tokens;
  uint64_t last = sequences - 1;  // slot
  if (state_->spec.shuffled) {
    const auto [first, count] = state_->group(last * length / state_->tokens_per_epoch);
    last = first + count - 1;
  }
  return static_cast<uint32_t>((last * length + length - 1) / state_->tokens_per_epoch + 1);
}

std::vector<OrderSegment> TrainingOrder::sequence(uint64_t q) const {
  YURAI_CHECK(holds(q));
  const uint64_t per_epoch = state_->tokens_per_epoch;
  uint64_t left = state_->spec.sequence_tokens;
  const uint64_t begin = slot_of(q) * left;
  auto number = static_cast<uint32_t>(begin / per_epoch);
  uint64_t at = begin % per_epoch;
  std::vector<OrderSegment> segments;
  for (; left > 0; ++number, at = 0) {
    const auto epoch = state_->epoch(number);
    const auto& begins = epoch->begins;
    size_t rank = static_cast<size_t>(std::upper_bound(begins.begin(), begins.end(), at) -
                                      begins.begin() - 1);
    for (; left > 0 && rank < epoch->documents.size(); ++rank) {
      const uint64_t taken = std::min(left, begins[rank + 1] - at);
      segments.push_back(
          {number, epoch->documents[rank], at - begins[rank], at - begins[rank] + taken});
      at += taken;
      left -= taken;
    }
  }
  return segments;
}

std::vector<OrderPlace> TrainingOrder::places(uint64_t document, uint64_t token_begin,
                                              uint64_t token_end, uint32_t epoch) const {
  YURAI_CHECK(document < num_documents());
  const uint64_t per_epoch = state_->tokens_per_epoch;
  const uint64_t length = state_->spec.sequence_tokens;
  token_end = std::min(token_end, state_->stream_tokens(document));
  std::vector<OrderPlace> places;
  if (epoch >= kMaxStream / per_epoch) return places;
  const auto order = state_->epoch(epoch);
  const uint64_t base = epoch * per_epoch + order->begins[order->ranks[document]];
  while (token_begin < token_end) {
    const uint64_t at = base + token_begin;
    if (!holds(at / length)) break;
    const uint64_t q = sequence_of(at / length);
    const uint64_t end = std::min(token_end, token_begin + (length - at % length));
    places.push_back({q / state_->spec.sequences_per_step, q, static_cast<uint32_t>(at % length),
                      token_begin, end});
    token_begin = end;
  }
  return places;
}

}  // namespace yurai

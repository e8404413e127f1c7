#include "yurai/ledger/training_order.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <numeric>
#include <utility>

#include "yurai/base/random.h"

namespace yurai {
namespace {

constexpr uint64_t kMaxStream = 1ull << 62;  // tokens; sums of two such numbers do not overflow
constexpr uint32_t kMaxSequenceTokens = 1u << 24;

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

}  // namespace

struct TrainingOrder::State {
  std::vector<uint32_t> document_tokens;
  OrderSpec spec;
  uint64_t tokens_per_epoch = 0;

  // Shared: a question keeps its epoch while another thread's takes its place here.
  mutable std::mutex mutex;
  mutable std::array<std::shared_ptr<const EpochOrder>, 2> recent;  ///< the last one asked first

  uint64_t stream_tokens(uint64_t document) const { return document_tokens[document] + 1ull; }

  std::shared_ptr<const EpochOrder> epoch(uint32_t number) const {
    const std::lock_guard lock(mutex);
    for (size_t i = 0; i < recent.size(); ++i) {
      if (recent[i] == nullptr || recent[i]->epoch != number) continue;
      std::swap(recent[0], recent[i]);
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
    recent[1] = std::exchange(recent[0], std::move(made));
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

bool TrainingOrder::holds(uint64_t q) const {
  const uint64_t per_epoch = state_->tokens_per_epoch;
  const uint64_t last = per_epoch < kMaxStream >> 31 ? per_epoch << 31 : kMaxStream;
  return q < last / state_->spec.sequence_tokens;
}

std::vector<OrderSegment> TrainingOrder::sequence(uint64_t q) const {
  YURAI_CHECK(holds(q));
  const uint64_t per_epoch = state_->tokens_per_epoch;
  uint64_t left = state_->spec.sequence_tokens;
  const uint64_t begin = q * left;
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
    const uint64_t q = at / length;
    const uint64_t end = std::min(token_end, token_begin + (length - at % length));
    places.push_back({q / state_->spec.sequences_per_step, q, static_cast<uint32_t>(at % length),
                      token_begin, end});
    token_begin = end;
  }
  return places;
}

}  // namespace yurai

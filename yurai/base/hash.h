#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace yurai {

/// SHA-256, fed in pieces. Not thread-safe.
///
///     Sha256 hash;
///     hash.update("abc");
///     hash.hex();   // "ba7816bf…", ends the hash
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();

  void update(std::string_view bytes);
  /// Adds the length as 8 little-endian bytes, then the bytes: no two sequences of fields collide.
  void update_field(std::string_view bytes);
  std::array<uint8_t, 32> digest();
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Lower-case hex of the SHA-256 of `bytes`.
std::string sha256_hex(std::string_view bytes);

/// XXH3, 64 bits: checksums and hash tables; not for identity.
uint64_t xxh3(std::string_view bytes, uint64_t seed = 0);

}  // namespace yurai

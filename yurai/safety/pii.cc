#include "yurai/safety/pii.h"

#include <unicode/unorm2.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "yurai/base/utf8.h"

namespace yurai {
namespace {

constexpr size_t kKeywordChars = 16;  ///< how far before a number the word may stand

/// What numbers are called that are no person's, whatever their check digit says.
constexpr std::array<std::string_view, 8> kCodeWords = {
    "送り状", "追跡番号", "伝票", "注文番号", "受付番号", "会員番号", "製造番号", "問い合わせ番号"};

/// The text as plain characters that the rules read, and where each stood.
struct Plain {
  std::string ascii;              ///< one byte a character; '\x01' for what is no ASCII
  std::vector<uint32_t> offsets;  ///< of each character, and of the end
};

/// What a character of the Basic Multilingual Plane is read as: its NFKC if that is one ASCII
/// character, a hyphen for the lines that Japanese numbers are written with, else '\x01'.
const std::array<char, 0x10000>& plain_chars() {
  static const auto table = [] {
    std::array<char, 0x10000> chars{};
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2* nfkc = unorm2_getNFKCInstance(&status);
    for (uint32_t c = 0; c < chars.size(); ++c) {
      chars[c] = c < 0x80 ? static_cast<char>(c) : '\x01';
      if (c < 0x80 || (c >= 0xD800 && c <= 0xDFFF) || U_FAILURE(status)) continue;
      if (c >= 0x3400 && c < 0xD800) continue;
      const auto source = static_cast<UChar>(c);
      std::array<UChar, 8> out{};
      UErrorCode one = U_ZERO_ERROR;
      const int32_t length = unorm2_normalize(nfkc, &source, 1, out.data(), 8, &one);
      if (U_SUCCESS(one) && length == 1 && out[0] < 0x80) chars[c] = static_cast<char>(out[0]);
    }
    for (const char16_t line : u"‐‑‒–—―−ーｰ－") chars[line] = line == 0 ? '\0' : '-';
    chars[u'〒'] = '\x02';
    return chars;
  }();
  return table;
}

Plain make_plain(std::string_view text) {
  const auto& table = plain_chars();
  Plain plain;
  plain.ascii.reserve(text.size() / 2);
  plain.offsets.reserve(text.size() / 2);
  for (size_t at = 0; at < text.size(); at += char_bytes(text, at)) {
    const char32_t c = decode_char(text, at);
    plain.ascii.push_back(c < table.size() ? table[c] : '\x01');
    plain.offsets.push_back(static_cast<uint32_t>(at));
  }
  plain.offsets.push_back(static_cast<uint32_t>(text.size()));
  return plain;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_alphanumeric(char c) { return is_digit(c) || is_letter(c); }

/// A run of digits in groups: "090-1234-5678" has the groups 3, 4, 4.
struct Number {
  size_t begin = 0;
  size_t end = 0;
  std::string digits{};
  std::vector<size_t> groups{};
  char separator = '\0';  ///< '-', ' ', '(' where brackets stand, '\0' without
};

class Finder {
 public:
  explicit Finder(std::string_view text) : text_(text), plain_(make_plain(text)) {}

  std::vector<PiiSpan> find() {
    const std::string& s = plain_.ascii;
    for (size_t at = 0; at < s.size();) {
      size_t end = at;
      if (s[at] == '@') {
        end = email(at);
      } else if (is_digit(s[at]) || s[at] == '+' || s[at] == '(') {
        end = number(at);
      } else if (is_letter(s[at]) && (at == 0 || !is_alphanumeric(s[at - 1]))) {
        end = passport(at);
      }
      at = std::max(at + 1, end);
    }
    return std::move(spans_);
  }

 private:
  void add(PiiKind kind, size_t begin, size_t end) {
    spans_.push_back({kind, plain_.offsets[begin], plain_.offsets[end]});
  }
  size_t last_end() const {
    if (spans_.empty()) return 0;
    const auto end =
        std::lower_bound(plain_.offsets.begin(), plain_.offsets.end(), spans_.back().byte_end);
    return static_cast<size_t>(end - plain_.offsets.begin());
  }

  /// The original text of the characters before `at`.
  std::string_view before(size_t at, size_t chars = kKeywordChars) const {
    const size_t from = at > chars ? at - chars : 0;
    return text_.substr(plain_.offsets[from], plain_.offsets[at] - plain_.offsets[from]);
  }
  template <size_t kSize>
  bool after_word(size_t at, const std::array<std::string_view, kSize>& words) const {
    const std::string_view window = before(at);
    return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
      return window.find(word) != std::string_view::npos;
    });
  }

  /// An address around the '@' at `at`; the end of it, or `at`.
  size_t email(size_t at) {
    const std::string& s = plain_.ascii;
    // An address may hold "/?=&" too; what has them before an '@' is nearly always a URL.
    constexpr std::string_view kLocal = "!#$%'*+-^_`{|}~.";
    size_t begin = at;
    const size_t first = last_end();
    while (begin > first &&
           (is_alphanumeric(s[begin - 1]) || kLocal.find(s[begin - 1]) != std::string_view::npos)) {
      --begin;
    }
    while (begin < at && !is_alphanumeric(s[begin]) && s[begin] != '_') ++begin;
    size_t end = at + 1;
    size_t last_dot = 0;
    while (end < s.size() && (is_alphanumeric(s[end]) || s[end] == '-' || s[end] == '.')) {
      if (s[end] == '.' && (end + 1 == s.size() || !is_alphanumeric(s[end + 1]))) break;
      if (s[end] == '.') last_dot = end;
      ++end;
    }
    while (end > at && s[end - 1] == '-') --end;
    if (begin == at || at - begin > 64 || s[at - 1] == '.' || last_dot == 0) return at;
    const bool letters = std::all_of(s.begin() + static_cast<std::ptrdiff_t>(last_dot) + 1,
                                     s.begin() + static_cast<std::ptrdiff_t>(end), is_letter);
    if (!letters || end - last_dot < 3) return at;
    const bool is_path = end + 1 < s.size() && s[end] == ':' &&
                         (is_letter(s[end + 1]) || s[end + 1] == '/' || s[end + 1] == '~');
    if (is_path) return at;  // user@host:folder, of ssh
    add(PiiKind::kEmail, begin, end);
    return end;
  }

  size_t passport(size_t at) {
    const std::string& s = plain_.ascii;
    static constexpr std::array<std::string_view, 4> kWords = {"旅券", "パスポート", "assport",
                                                               "ASSPORT"};
    if (at + 9 > s.size() || !is_letter(s[at + 1])) return at;
    for (size_t i = 2; i < 9; ++i) {
      if (!is_digit(s[at + i])) return at;
    }
    if ((at + 9 < s.size() && is_alphanumeric(s[at + 9])) || !after_word(at, kWords)) return at;
    add(PiiKind::kPassport, at, at + 9);
    return at + 9;
  }

  /// Behind the separator at `at` that a digit follows: "-", " ", ".", " - " or two spaces; else
  /// `at`.
  size_t after_separator(size_t at) const {
    const std::string& s = plain_.ascii;
    size_t end = at;
    if (s.compare(at, 3, " - ") == 0) {
      end += 3;
    } else if (s.compare(at, 2, "  ") == 0) {
      end += 2;
    } else if (s[at] == '-' || s[at] == ' ' || s[at] == '.') {
      end += 1;
    }
    return end < s.size() && is_digit(s[end]) ? end : at;
  }

  /// Digits in groups with one kind of separator between them.
  Number read_number(size_t at) const {
    const std::string& s = plain_.ascii;
    Number number;
    number.begin = at;
    bool bracket = false;
    if (s[at] == '(') {
      bracket = true;
      number.separator = '(';
      ++at;
    }
    while (at < s.size() && number.digits.size() <= 20) {
      size_t group = 0;
      while (at < s.size() && is_digit(s[at])) {
        number.digits.push_back(s[at++]);
        ++group;
      }
      if (group == 0) break;
      number.groups.push_back(group);
      number.end = at;
      if (at + 1 >= s.size()) break;
      if (bracket && s[at] == ')') {
        bracket = false;
        number.end = ++at;
        if (at < s.size() && (s[at] == '-' || s[at] == ' ')) ++at;
      } else if (!bracket && s[at] == '(' && number.separator != ' ') {
        bracket = true;
        number.separator = '(';
        ++at;
      } else if (const size_t next = after_separator(at); next > at) {
        const char separator = s[next - 1] == ' ' && s[next - 2] == '-' ? '-' : s[at];
        if (number.separator != '\0' && number.separator != separator &&
            !(number.separator == '(' && !bracket && separator != '.')) {
          break;
        }
        if (number.separator == '\0') number.separator = separator;
        at = next;
      } else {
        break;
      }
    }
    if (bracket) number.groups.clear();  // never closed
    return number;
  }

  size_t number(size_t at) {
    const std::string& s = plain_.ascii;
    if (at > 0 && (is_alphanumeric(s[at - 1]) || s[at - 1] == '.' ||
                   (s[at - 1] == '-' && at > 1 && is_alphanumeric(s[at - 2])))) {
      return skip_number(at);
    }
    const bool international = s[at] == '+';
    if (international && (at + 3 >= s.size() || s.compare(at + 1, 2, "81") != 0)) return at;
    size_t digits_at = international ? at + 3 : at;
    if (international && (s[digits_at] == '-' || s[digits_at] == ' ')) ++digits_at;
    if (digits_at >= s.size() || !(is_digit(s[digits_at]) || s[digits_at] == '(')) return at;
    Number found = read_number(digits_at);
    if (found.digits.empty() || found.groups.empty()) return at;
    const char next = found.end < s.size() ? s[found.end] : '\0';
    const bool goes_on =
        is_alphanumeric(next) || next == '@' ||
        (next == '-' && found.end + 1 < s.size() && is_alphanumeric(s[found.end + 1]));
    if (goes_on) return skip_number(found.end);
    found.begin = at;
    if (international && found.digits[0] != '0') {
      found.digits.insert(0, "0");
      ++found.groups[0];
    }
    if (is_phone(found, international)) return add_number(PiiKind::kPhone, found);
    if (international) return found.end;
    if (is_card(found)) return add_number(PiiKind::kCard, found);
    if (is_my_number_here(found)) return add_number(PiiKind::kMyNumber, found);
    if (is_postcode(found)) return add_postcode(found);
    if (is_bank_account(found)) return add_number(PiiKind::kBankAccount, found);
    return found.end;
  }

  /// The end of the digits, letters and hyphens at `at`: a longer code, no number of a person.
  size_t skip_number(size_t at) const {
    const std::string& s = plain_.ascii;
    while (at < s.size() && (is_alphanumeric(s[at]) || s[at] == '-')) ++at;
    return at;
  }

  size_t add_number(PiiKind kind, const Number& found) {
    add(kind, found.begin, found.end);
    return found.end;
  }

  size_t add_postcode(const Number& found) {
    size_t begin = found.begin;
    if (begin > 0 && plain_.ascii[begin - 1] == ' ') --begin;
    if (begin > 0 && plain_.ascii[begin - 1] == '\x02') {
      --begin;
    } else {
      begin = found.begin;
    }
    add(PiiKind::kPostcode, begin, found.end);
    return found.end;
  }

  bool is_phone(const Number& found, bool international) const {
    static constexpr std::array<std::string_view, 9> kWords = {
        "電話", "携帯", "TEL", "Tel", "tel", "ＴＥＬ", "FAX", "Fax", "☎"};
    const std::string& d = found.digits;
    if (d.size() < 10 || d.size() > 11 || d[0] != '0' || d[1] == '0') return false;
    const bool mobile = d.size() == 11 && d[2] == '0' && (d[1] == '5' || d[1] >= '7');
    if (d.size() == 11 && !mobile && d.compare(0, 4, "0800") != 0) return false;
    if (found.groups.size() == 1) {
      return international || mobile || after_word(found.begin, kWords);
    }
    if (found.separator == ' ' && !mobile && !international && !after_word(found.begin, kWords)) {
      return false;
    }
    if (found.groups.size() != 3) return found.groups.size() == 2 && found.separator == '(';
    const bool toll_free = d.compare(0, 4, "0120") == 0 && found.groups[0] == 4;
    return found.groups[0] >= 2 && found.groups[0] <= 5 && found.groups[1] <= 4 &&
           (found.groups[2] == 4 || (toll_free && found.groups[2] == 3));
  }

  bool is_card(const Number& found) const {
    const std::string& d = found.digits;
    if (d.size() < 14 || d.size() > 16 || found.separator == '(' || !passes_luhn(d)) return false;
    if (after_word(found.begin, kCodeWords)) return false;
    const bool visa_like = d.size() == 16 && (d[0] == '4' || d[0] == '5' || d[0] == '6' ||
                                              d.compare(0, 2, "35") == 0 || d[0] == '2');
    const bool amex = d.size() == 15 && (d.compare(0, 2, "34") == 0 || d.compare(0, 2, "37") == 0);
    const bool diners =
        d.size() == 14 &&
        (d.compare(0, 2, "36") == 0 || d.compare(0, 2, "30") == 0 || d.compare(0, 2, "38") == 0);
    if (!visa_like && !amex && !diners) return false;
    using Groups = std::vector<size_t>;
    return found.groups.size() == 1 || found.groups == Groups{4, 4, 4, 4} ||
           found.groups == Groups{4, 6, 5} || found.groups == Groups{4, 6, 4};
  }

  bool is_my_number_here(const Number& found) const {
    static constexpr std::array<std::string_view, 5> kWords = {"マイナンバー", "個人番号",
                                                               "ﾏｲﾅﾝﾊﾞｰ", "My Number", "my number"};
    if (!is_my_number(found.digits) || found.separator == '(' || found.separator == '.') {
      return false;
    }
    if (after_word(found.begin, kWords)) {
      return found.groups.size() == 1 || found.groups == std::vector<size_t>{4, 4, 4};
    }
    return found.groups == std::vector<size_t>{4, 4, 4} && !after_word(found.begin, kCodeWords);
  }

  bool is_postcode(const Number& found) const {
    static constexpr std::array<std::string_view, 3> kWords = {"郵便番号", "住所", "所在地"};
    const bool shape = found.groups == std::vector<size_t>{3, 4} && found.separator == '-';
    const std::string& s = plain_.ascii;
    size_t at = found.begin;
    if (at > 0 && s[at - 1] == ' ') --at;
    const bool marked = at > 0 && s[at - 1] == '\x02';
    const bool spaced = found.groups == std::vector<size_t>{3, 4} && found.separator == ' ';
    if (marked) return shape || spaced || (found.digits.size() == 7 && found.groups.size() == 1);
    return shape && (after_word(found.begin, kWords) || prefecture_follows(found.end));
  }

  bool prefecture_follows(size_t at) const {
    static constexpr std::array<std::string_view, 47> kNames = {
        "北海道", "青森県", "岩手県", "宮城県", "秋田県", "山形県",   "福島県", "茨城県",
        "栃木県", "群馬県", "埼玉県", "千葉県", "東京都", "神奈川県", "新潟県", "富山県",
        "石川県", "福井県", "山梨県", "長野県", "岐阜県", "静岡県",   "愛知県", "三重県",
        "滋賀県", "京都府", "大阪府", "兵庫県", "奈良県", "和歌山県", "鳥取県", "島根県",
        "岡山県", "広島県", "山口県", "徳島県", "香川県", "愛媛県",   "高知県", "福岡県",
        "佐賀県", "長崎県", "熊本県", "大分県", "宮崎県", "鹿児島県", "沖縄県"};
    while (at < plain_.ascii.size() && (plain_.ascii[at] == ' ' || plain_.ascii[at] == '\n')) ++at;
    const std::string_view rest = text_.substr(plain_.offsets[at], 12);
    return std::any_of(kNames.begin(), kNames.end(),
                       [&](std::string_view name) { return rest.starts_with(name); });
  }

  bool is_bank_account(const Number& found) const {
    static constexpr std::array<std::string_view, 9> kWords = {"口座番号", "普通預金", "当座預金",
                                                               "普通口座", "（普通）", "(普)",
                                                               "店 普通",  "店普通",   "口座 "};
    return found.digits.size() == 7 && found.groups.size() == 1 &&
           after_word(found.begin, kWords) && !counts_something(found.end);
  }

  /// Whether a unit follows: an amount, not a number of something.
  bool counts_something(size_t at) const {
    static constexpr std::array<std::string_view, 12> kUnits = {
        "円", "件", "人", "個", "口", "万", "名", "社", "台", "株", "ドル", "ポイント"};
    const std::string_view rest = std::string_view(text_).substr(plain_.offsets[at], 12);
    return std::any_of(kUnits.begin(), kUnits.end(),
                       [&](std::string_view unit) { return rest.starts_with(unit); });
  }

  std::string_view text_;
  Plain plain_;
  std::vector<PiiSpan> spans_;
};

}  // namespace

std::string_view name(PiiKind kind) {
  static constexpr std::array<std::string_view, kNumPiiKinds> kNames = {
      "email", "phone", "postcode", "my_number", "card", "bank_account", "passport"};
  return kNames[static_cast<size_t>(kind)];
}

bool is_my_number(std::string_view digits) {
  if (digits.size() != 12 || !std::all_of(digits.begin(), digits.end(), is_digit)) return false;
  int sum = 0;
  for (int n = 1; n <= 11; ++n) {  // the n-th digit before the check digit
    const int weight = n <= 6 ? n + 1 : n - 5;
    sum += (digits[static_cast<size_t>(11 - n)] - '0') * weight;
  }
  const int rest = sum % 11;
  return digits[11] - '0' == (rest <= 1 ? 0 : 11 - rest);
}

bool passes_luhn(std::string_view digits) {
  int sum = 0;
  for (size_t i = 0; i < digits.size(); ++i) {
    const char c = digits[digits.size() - 1 - i];
    if (!is_digit(c)) return false;
    const int doubled = (c - '0') * (i % 2 == 0 ? 1 : 2);
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return !digits.empty() && sum % 10 == 0;
}

std::vector<PiiSpan> find_pii(std::string_view text) { return Finder(text).find(); }

std::string mask_pii(std::string_view text, const std::vector<PiiSpan>& spans) {
  std::string out;
  size_t copied = 0;
  for (const PiiSpan& span : spans) {
    out.append(text.substr(copied, span.byte_begin - copied));
    out.append("<").append(name(span.kind)).append(">");
    copied = span.byte_end;
  }
  return out.append(text.substr(copied));
}

}  // namespace yurai

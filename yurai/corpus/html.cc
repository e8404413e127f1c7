#include "yurai/corpus/html.h"

#include <libxml/HTMLparser.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>

#include "yurai/base/utf8.h"

namespace yurai {
namespace {

constexpr size_t kMaxHtmlBytes = 64ull << 20;
constexpr size_t kMaxNoticeBytes = 64ull << 10;

template <size_t N>
bool contains(const std::array<std::string_view, N>& sorted, std::string_view word) {
  return std::binary_search(sorted.begin(), sorted.end(), word);
}

constexpr std::array<std::string_view, 19> kSkippedElements = {
    "aside",  "audio",  "button", "canvas",   "footer",   "form",   "head",
    "header", "iframe", "math",   "nav",      "noscript", "object", "script",
    "select", "style",  "svg",    "template", "video"};

/// Classes and ids that DocBook, Sphinx, texi2html, AsciiDoc, MediaWiki, SiSU and mandoc give to
/// what is not the text itself.
constexpr std::array<std::string_view, 54> kSkippedNames = {"DEBUG",
                                                            "DonationFrame",
                                                            "SearchFrame",
                                                            "advertisement",
                                                            "bm_module",
                                                            "breadcrumb",
                                                            "breadcrumbs",
                                                            "catlinks",
                                                            "coliru-btn",
                                                            "contentSub",
                                                            "cpp-footer-base",
                                                            "cpp-head-first-base",
                                                            "cpp-head-second-base",
                                                            "editsection",
                                                            "floating-header",
                                                            "foot",
                                                            "footer",
                                                            "footer-text",
                                                            "footer_report",
                                                            "footer_version",
                                                            "genindextable",
                                                            "head",
                                                            "headerlink",
                                                            "index-cp",
                                                            "index-fn",
                                                            "index-ky",
                                                            "index-vr",
                                                            "indextable",
                                                            "jump-to-nav",
                                                            "list-of-examples",
                                                            "list-of-figures",
                                                            "list-of-tables",
                                                            "lof",
                                                            "lot",
                                                            "menu",
                                                            "mw-js-message",
                                                            "nav",
                                                            "nav_table",
                                                            "navbar",
                                                            "navfooter",
                                                            "navheader",
                                                            "navigation",
                                                            "ocn",
                                                            "printfooter",
                                                            "printindex",
                                                            "related",
                                                            "siteSub",
                                                            "sphinxsidebar",
                                                            "summary-letter",
                                                            "t-navbar",
                                                            "toc",
                                                            "tocframe",
                                                            "toctree-wrapper",
                                                            "translation"};

/// What pages of the web call what is not their text; whole words of class and id only.
constexpr std::array<std::string_view, 38> kWebNames = {
    "ad",          "ads",        "banner",        "breadcrumb-list",
    "comments",    "cookie",     "cookies",       "copyright",
    "gdpr",        "global-nav", "globalnav",     "gnav",
    "header-nav",  "login",      "modal",         "newsletter",
    "pager",       "pagination", "pankuzu",       "popup",
    "ranking",     "recommend",  "related-posts", "screen-reader-text",
    "search-form", "share",      "side",          "side-bar",
    "sidebar",     "sidemenu",   "site-footer",   "site-header",
    "skip-link",   "sns",        "social",        "sr-only",
    "tags",        "widget"};

/// Elements of a form that are not its text.
constexpr std::array<std::string_view, 5> kControls = {"datalist", "input", "label", "option",
                                                       "textarea"};

constexpr std::array<std::string_view, 36> kBlocks = {
    "address", "article", "blockquote", "body",       "caption", "center", "dd", "details", "div",
    "dl",      "dt",      "fieldset",   "figcaption", "figure",  "h1",     "h2", "h3",      "h4",
    "h5",      "h6",      "hr",         "html",       "li",      "main",   "ol", "p",       "pre",
    "section", "summary", "table",      "tbody",      "td",      "tfoot",  "th", "thead",   "tr"};
constexpr std::array<std::string_view, 9> kItems = {"caption", "dd", "dt", "figcaption", "li",
                                                    "summary", "td", "th", "tr"};

static_assert(std::is_sorted(kSkippedElements.begin(), kSkippedElements.end()));
static_assert(std::is_sorted(kSkippedNames.begin(), kSkippedNames.end()));
static_assert(std::is_sorted(kWebNames.begin(), kWebNames.end()));
static_assert(std::is_sorted(kControls.begin(), kControls.end()));
static_assert(std::is_sorted(kBlocks.begin(), kBlocks.end()));
static_assert(std::is_sorted(kItems.begin(), kItems.end()));

std::string_view name_of(const xmlNode* node) {
  return node->name == nullptr ? std::string_view()
                               : std::string_view(reinterpret_cast<const char*>(node->name));
}

std::string_view attribute(const xmlNode* node, const char* name) {
  for (const xmlAttr* attr = node->properties; attr != nullptr; attr = attr->next) {
    if (std::string_view(reinterpret_cast<const char*>(attr->name)) != name) continue;
    const xmlNode* value = attr->children;
    if (value == nullptr || value->content == nullptr) return {};
    return reinterpret_cast<const char*>(value->content);
  }
  return {};
}

bool names_chrome(std::string_view words, HtmlKind kind) {
  while (!words.empty()) {
    const size_t begin = std::min(words.find_first_not_of(" \t\n"), words.size());
    const size_t end = std::min(words.find_first_of(" \t\n", begin), words.size());
    const std::string_view word = words.substr(begin, end - begin);
    if (contains(kSkippedNames, word)) return true;
    if (kind == HtmlKind::kWeb && contains(kWebNames, word)) return true;
    words.remove_prefix(end);
  }
  return false;
}

bool lies_in_article(const xmlNode* element) {
  for (const xmlNode* node = element->parent; node != nullptr; node = node->parent) {
    if (name_of(node) == "article" || name_of(node) == "main") return true;
  }
  return false;
}

/// The furniture of a web page beside what every kind of page has.
bool is_web_chrome(const xmlNode* element) {
  const std::string_view role = attribute(element, "role");
  return contains(kControls, name_of(element)) || role == "banner" || role == "complementary" ||
         role == "contentinfo" || role == "search" || attribute(element, "aria-hidden") == "true";
}

bool is_chrome(const xmlNode* element, HtmlKind kind) {
  const std::string_view name = name_of(element);
  const bool web = kind == HtmlKind::kWeb;
  const bool kept_on_web =
      web && (name == "form" || (name == "header" && lies_in_article(element)));
  if (contains(kSkippedElements, name) && !kept_on_web) return true;
  if (name == "body" || name == "html") return false;
  if (names_chrome(attribute(element, "class"), kind) ||
      names_chrome(attribute(element, "id"), kind)) {
    return true;
  }
  if (web && is_web_chrome(element)) return true;
  return attribute(element, "role") == "navigation" ||
         attribute(element, "style").find("display:none") != std::string_view::npos ||
         attribute(element, "summary").find("avigation") != std::string_view::npos;
}

bool is_east_asian(char32_t c) {
  return (c >= 0x2E80 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0xFF00 && c <= 0xFFEF) || (c >= 0x20000 && c <= 0x3FFFF);
}

/// 、。（ and their like bring their own space.
bool is_east_asian_punctuation(char32_t c) {
  return (c >= 0x3001 && c <= 0x3011) || c == 0xFF01 || (c >= 0xFF08 && c <= 0xFF0F) ||
         c == 0xFF1A || c == 0xFF1B || c == 0xFF1F;
}

/// Characters that no reader sees and no writer types.
bool is_invisible(char32_t c) {
  return c == 0xAD || c == 0xFEFF || (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2060 && c <= 0x2064) || (c < 0x20 && c != '\t' && c != '\n' && c != '\r') ||
         (c >= 0x7F && c < 0xA0);
}

/// Collects paragraphs while the tree is walked.
class Writer {
 public:
  Writer(HtmlKind kind, ExtractedText& out) : kind_(kind), out_(out) {}

  void text(std::string_view bytes, bool in_link) {
    for (size_t i = 0; i < bytes.size();) {
      const size_t length = std::min(char_bytes(bytes, i), bytes.size() - i);
      const std::string_view character = bytes.substr(i, length);
      i += length;
      const char32_t c = decode_char(character, 0);
      if (is_invisible(c)) continue;
      if (preformatted_ > 0) {
        const bool doubled = c == '\n' && swallow_newline_;
        swallow_newline_ = false;
        if (c != '\r' && !doubled) current_ += c == 0xA0 ? " " : character;
      } else if (c == ' ' || c == 0xA0 || c == '\t' || c == '\n' || c == '\r') {
        space_ = true;
        line_break_ |= c == '\n' || c == '\r';
      } else {
        put_space(c);
        current_ += character;
        last_ = c;
        (in_link ? link_bytes_ : plain_bytes_) += length;
      }
    }
  }

  void line_break() {
    if (preformatted_ > 0) {
      // mandoc writes <br/> on a line of its own.
      const bool doubled = kind_ == HtmlKind::kManualPage && current_.ends_with('\n');
      if (!doubled) current_ += '\n';
      swallow_newline_ = kind_ == HtmlKind::kManualPage;
    } else if (!current_.empty()) {
      end_paragraph(/*tight=*/true);
    }
  }

  void begin_cell() {
    next_cell();
    ++cells_;
  }
  void end_cell() { --cells_; }
  void begin_preformatted() { ++preformatted_; }
  void end_preformatted() { --preformatted_; }
  void begin_heading() { heading_ = true; }
  void end_heading() { heading_ = false; }

  /// `tight`: what follows is an item of the same list or table.
  void end_paragraph(bool tight) {
    while (!current_.empty() &&
           (current_.back() == ' ' || current_.back() == '\t' || current_.back() == '\n')) {
      current_.pop_back();
    }
    const bool only_links =
        link_bytes_ > 0 && plain_bytes_ * 10 <= link_bytes_ && !heading_ && cells_ == 0;
    if (!current_.empty() && !only_links) {
      const size_t first_line = current_.find_first_not_of("\n");
      current_.erase(0, first_line);
      out_.paragraphs.push_back({std::move(current_), heading_, next_tight_});
      next_tight_ = true;
    }
    next_tight_ = next_tight_ && tight;
    current_.clear();
    space_ = line_break_ = false;
    link_bytes_ = plain_bytes_ = 0;
    last_ = 0;
  }

 private:
  void next_cell() {
    if (current_.empty()) return;
    current_ += '\t';
    space_ = line_break_ = false;
    last_ = '\t';
  }

  void put_space(char32_t next) {
    const bool wanted = space_ && !current_.empty() && last_ != '\t';
    const bool wrapped = line_break_ || kind_ == HtmlKind::kManualPage;
    const bool joined =
        wrapped && ((is_east_asian(last_) && is_east_asian(next)) ||
                    is_east_asian_punctuation(last_) || is_east_asian_punctuation(next));
    if (wanted && !joined) current_ += ' ';
    space_ = line_break_ = false;
  }

  HtmlKind kind_;
  ExtractedText& out_;
  std::string current_;
  char32_t last_ = 0;
  bool space_ = false;
  bool line_break_ = false;
  bool swallow_newline_ = false;
  bool heading_ = false;
  bool next_tight_ = false;
  int preformatted_ = 0;
  int cells_ = 0;
  size_t link_bytes_ = 0;
  size_t plain_bytes_ = 0;
};

/// Walks the tree without recursion: nesting is the file's to choose.
class Walker {
 public:
  Walker(HtmlKind kind, ExtractedText& out) : kind_(kind), writer_(kind, out) {}

  void walk(const xmlNode* root) {
    const xmlNode* node = root;
    while (node != nullptr) {
      if (enter(node) && node->children != nullptr) {
        node = node->children;
        continue;
      }
      leave_if_entered(node);
      while (node != root && node->next == nullptr) {
        node = node->parent;
        leave_if_entered(node);
      }
      node = node == root ? nullptr : node->next;
    }
    writer_.end_paragraph(false);
  }

 private:
  bool enter(const xmlNode* node) {
    if (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE) {
      const auto* content = reinterpret_cast<const char*>(node->content);
      if (content != nullptr && !find_invalid_utf8(content)) writer_.text(content, links_ > 0);
      return false;
    }
    if (node->type != XML_ELEMENT_NODE || is_chrome(node, kind_)) return false;
    const std::string_view name = name_of(node);
    if (name == "br") {
      writer_.line_break();
    } else if (name == "td" || name == "th") {
      writer_.begin_cell();
    } else if (contains(kBlocks, name)) {
      writer_.end_paragraph(items_ > 0 || contains(kItems, name));
    }
    if (contains(kItems, name)) ++items_;
    if (name == "pre") writer_.begin_preformatted();
    if (is_heading(name)) writer_.begin_heading();
    if (is_outward_link(node)) ++links_;
    return true;
  }

  void leave_if_entered(const xmlNode* node) {
    if (node->type != XML_ELEMENT_NODE || is_chrome(node, kind_)) return;
    const std::string_view name = name_of(node);
    if (contains(kItems, name)) --items_;
    if (name == "td" || name == "th") {
      writer_.end_cell();
    } else if (contains(kBlocks, name)) {
      writer_.end_paragraph(items_ > 0 || contains(kItems, name));
    }
    if (name == "pre") writer_.end_preformatted();
    if (is_heading(name)) writer_.end_heading();
    if (is_outward_link(node)) --links_;
  }

  static bool is_heading(std::string_view name) {
    return name.size() == 2 && name[0] == 'h' && name[1] >= '1' && name[1] <= '6';
  }
  static bool is_outward_link(const xmlNode* node) {
    return name_of(node) == "a" && !attribute(node, "href").empty() &&
           attribute(node, "href")[0] != '#';
  }

  HtmlKind kind_;
  Writer writer_;
  int items_ = 0;
  int links_ = 0;
};

using Tree = std::unique_ptr<xmlDoc, decltype(&xmlFreeDoc)>;

Tree parse(std::string_view html) {
  // Pages that are valid UTF-8 are UTF-8, whatever they declare; others are believed.
  const char* encoding = find_invalid_utf8(html) ? nullptr : "UTF-8";
  xmlResetLastError();
  constexpr int kOptions =
      HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET;
  return Tree(
      htmlReadMemory(html.data(), static_cast<int>(html.size()), nullptr, encoding, kOptions),
      &xmlFreeDoc);
}

/// The first <title>, and the comments that stand before the body.
void read_head(const xmlDoc* tree, ExtractedText& out) {
  const auto add_comments = [&](const xmlNode* first) {
    for (const xmlNode* node = first; node != nullptr; node = node->next) {
      if (node->type != XML_COMMENT_NODE || node->content == nullptr) continue;
      const std::string_view comment = reinterpret_cast<const char*>(node->content);
      if (find_invalid_utf8(comment)) continue;
      if (out.notice.size() + comment.size() <= kMaxNoticeBytes) {
        out.notice += comment;
        out.notice += '\n';
      }
    }
  };
  add_comments(tree->children);
  for (const xmlNode* html = tree->children; html != nullptr; html = html->next) {
    if (name_of(html) != "html") continue;
    add_comments(html->children);
    for (const xmlNode* head = html->children; head != nullptr; head = head->next) {
      if (name_of(head) != "head") continue;
      for (const xmlNode* node = head->children; node != nullptr; node = node->next) {
        const xmlNode* text = name_of(node) == "title" ? node->children : nullptr;
        if (text == nullptr || text->content == nullptr || !out.title.empty()) continue;
        ExtractedText title;
        Writer writer(HtmlKind::kPage, title);
        const std::string_view content = reinterpret_cast<const char*>(text->content);
        if (!find_invalid_utf8(content)) writer.text(content, false);
        writer.end_paragraph(false);
        if (!title.paragraphs.empty()) out.title = std::move(title.paragraphs[0].text);
      }
    }
  }
}

/// The column at which the text was wrapped: few lines are longer.
size_t wrapping_width(const std::vector<Paragraph>& paragraphs) {
  std::array<size_t, 101> lines{};  // by width; the last holds all that are wider
  size_t total = 0;
  for (const Paragraph& paragraph : paragraphs) {
    std::string_view rest = paragraph.text;
    while (!rest.empty()) {
      const size_t end = std::min(rest.find('\n'), rest.size());
      ++lines[std::min<size_t>(columns(rest.substr(0, end)), lines.size() - 1)];
      ++total;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  size_t wider = 0;
  size_t width = lines.size() - 1;
  while (width > 60 && (wider += lines[width]) * 50 < total) --width;
  return width;
}

/// Splits the text of <pre> at blank lines and joins wrapped lines.
std::vector<Paragraph> unwrap(const std::vector<Paragraph>& paragraphs) {
  const size_t width = wrapping_width(paragraphs);
  std::vector<Paragraph> out;
  for (const Paragraph& paragraph : paragraphs) {
    std::string_view rest = paragraph.text;
    bool first = true;
    while (!rest.empty()) {
      size_t end = rest.find("\n\n");
      if (end == rest.npos) end = rest.size();
      const std::string_view block = rest.substr(0, end);
      if (block.find_first_not_of(" \t\n") != block.npos) {
        out.push_back({unwrap_lines(block, width), paragraph.heading, first && paragraph.tight});
        first = false;
      }
      rest.remove_prefix(end);
      rest.remove_prefix(std::min(rest.find_first_not_of('\n'), rest.size()));
    }
  }
  return out;
}

}  // namespace

ExtractedText extract_html(std::string_view html, HtmlKind kind) {
  ExtractedText out;
  if (html.empty() || html.size() > kMaxHtmlBytes) return out;
  const Tree tree = parse(html);
  if (tree == nullptr) return out;
  // The parser ends there, with what it has.
  const xmlError* error = xmlGetLastError();
  out.too_deep = error != nullptr && error->code == XML_ERR_INTERNAL_ERROR;
  read_head(tree.get(), out);
  const xmlNode* root = xmlDocGetRootElement(tree.get());
  if (root != nullptr) Walker(kind, out).walk(root);
  if (kind == HtmlKind::kWrapped) out.paragraphs = unwrap(out.paragraphs);
  return out;
}

}  // namespace yurai

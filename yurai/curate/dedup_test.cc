#include "yurai/curate/dedup.h"

#include <gmock/gmock.h>

#include <fstream>
#include <map>
#include <random>
#include <set>

#include "yurai/base/testing.h"
#include "yurai/base/utf8.h"
#include "yurai/curate/input_rows.h"
#include "yurai/record/manifest.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Row {
  std::string id;
  std::string text;
  std::string license;
};

std::string json_line(const Row& row) {
  Json json = {{"id", row.id}, {"text", row.text}, {"extra", {1, 2.50}}};
  if (!row.license.empty()) json["license"] = row.license;
  return dump_json(json) + "\n";
}

/// Rows that repeat each other wholly, nearly, in part and not at all.
std::vector<Row> random_rows(std::mt19937_64& random, size_t num_rows) {
  const auto random_char = [&] { return U'ぁ' + static_cast<char32_t>(random() % 80); };
  std::vector<std::u32string> texts;
  for (size_t i = 0; i < num_rows; ++i) {
    std::u32string text;
    if (!texts.empty() && random() % 3 != 0) {
      text = texts[random() % texts.size()];
      const size_t num_edits = random() % 3 == 0 ? 0 : random() % 8;
      for (size_t edit = 0; edit < num_edits && !text.empty(); ++edit) {
        text[random() % text.size()] = random_char();
      }
    } else {
      for (size_t size = random() % 200; size > 0; --size) text.push_back(random_char());
    }
    texts.push_back(text);
  }
  static const std::vector<std::string> kLicenses = {"", "", "MIT", "CC0-1.0"};
  std::vector<Row> rows;
  for (const std::u32string& text : texts) {
    Row row{"r" + std::to_string(rows.size()), "", kLicenses[random() % kLicenses.size()]};
    for (const char32_t c : text) append_char(c, row.text);
    rows.push_back(std::move(row));
  }
  return rows;
}

/// What goes, by the definition: row → (kept row, Jaccard index).
using Removals = std::map<std::string, std::pair<std::string, double>>;

std::set<std::string> naive_shingles(const std::string& text) {
  std::vector<std::string> chars;
  for (size_t at = 0; at < text.size(); at += char_bytes(text, at)) {
    chars.push_back(text.substr(at, char_bytes(text, at)));
  }
  std::set<std::string> set;
  for (size_t i = 0; i < chars.size() && (i == 0 || i + 5 <= chars.size()); ++i) {
    std::string shingle;
    for (size_t k = i; k < std::min(i + 5, chars.size()); ++k) shingle += chars[k];
    set.insert(shingle);
  }
  return set;
}

double naive_jaccard(const std::string& a, const std::string& b) {
  const auto set_a = naive_shingles(a);
  const auto set_b = naive_shingles(b);
  std::vector<std::string> both;
  std::set_intersection(set_a.begin(), set_a.end(), set_b.begin(), set_b.end(),
                        std::back_inserter(both));
  if (a == b) return 1;
  return static_cast<double>(both.size()) /
         static_cast<double>(set_a.size() + set_b.size() - both.size());
}

Removals naive_dedup(const std::vector<Row>& rows, double threshold) {
  std::map<std::string, std::vector<size_t>> by_key;
  MinHasher hasher(kLlmJp, Isa::kScalar);
  for (size_t i = 0; i < rows.size(); ++i) {
    std::vector<uint64_t> tokens;
    std::vector<uint64_t> keys;
    tokenize(rows[i].text, ShingleUnit::kChar, tokens);
    hasher.band_keys(tokens, keys);
    for (const uint64_t key : keys) by_key[std::to_string(key)].push_back(i);
    by_key["text " + rows[i].text].push_back(i);
  }
  std::vector<size_t> group(rows.size());
  for (size_t i = 0; i < group.size(); ++i) group[i] = i;
  for (const auto& [key, members] : by_key) {
    for (size_t i = 1; i < members.size(); ++i) {
      for (const size_t other : {members[0], members[i - 1]}) {
        if (naive_jaccard(rows[other].text, rows[members[i]].text) < threshold) continue;
        const size_t from = std::max(group[other], group[members[i]]);
        const size_t to = std::min(group[other], group[members[i]]);
        std::replace(group.begin(), group.end(), from, to);
      }
    }
  }
  Removals removals;
  for (size_t leader = 0; leader < rows.size(); ++leader) {
    std::vector<size_t> members;
    for (const bool stated : {true, false}) {
      for (size_t i = 0; i < rows.size(); ++i) {
        if (group[i] == leader && rows[i].license.empty() != stated) members.push_back(i);
      }
    }
    std::vector<size_t> kept;
    for (const size_t i : members) {
      const auto match = [&]() -> const Row* {
        for (const size_t k : kept) {
          if (rows[k].text == rows[i].text) return &rows[k];
        }
        for (const size_t k : kept) {
          if (naive_jaccard(rows[k].text, rows[i].text) >= threshold) return &rows[k];
        }
        return nullptr;
      }();
      if (match == nullptr) {
        kept.push_back(i);
      } else {
        removals[rows[i].id] = {match->id, naive_jaccard(match->text, rows[i].text)};
      }
    }
  }
  return removals;
}

class Dedup : public ::testing::Test {
 protected:
  /// Writes rows as `num_files` files of one folder.
  void write(const std::vector<Row>& rows, size_t num_files = 1) {
    fs::create_directories(folder_ / "in");
    for (size_t file = 0; file < num_files; ++file) {
      std::string lines;
      const size_t begin = rows.size() * file / num_files;
      const size_t end = rows.size() * (file + 1) / num_files;
      for (size_t i = begin; i < end; ++i) lines += json_line(rows[i]);
      ASSERT_TRUE(write_file(folder_ / "in" / ("f" + std::to_string(file) + ".jsonl"), lines));
    }
  }

  Result<DedupSummary> run(const DedupOptions& options, const std::string& out = "out",
                           Disk* disk = nullptr) {
    YURAI_ASSIGN(const InputList inputs, list_inputs({folder_ / "in"}));
    YURAI_ASSIGN(StagingDirectory stage,
                 StagingDirectory::create(folder_ / out, {.force = true, .disk = disk}));
    fs::create_directory(stage.path() / "scratch");
    const auto workers = one_worker();
    YURAI_ASSIGN(const DedupSummary summary,
                 dedup(inputs, options, &stage, stage.path() / "scratch", *workers, no_progress));
    YURAI_TRY(stage.commit());
    return summary;
  }

  std::vector<Json> lines(const std::string& name) const {
    const std::string bytes = read_file(folder_ / "out" / name).value();
    std::vector<Json> list;
    for (size_t begin = 0; begin < bytes.size();) {
      const size_t end = bytes.find('\n', begin);
      list.push_back(parse_json(bytes.substr(begin, end - begin), name).value());
      begin = end + 1;
    }
    return list;
  }

  std::string file(const std::string& name) const {
    return read_file(folder_ / "out" / name).value();
  }

  testing::TemporaryDirectory folder_;
};

TEST_F(Dedup, RemovesWhatTheDefinitionSays) {
  std::mt19937_64 random(testing::test_seed());
  for (int round = 0; round < 12; ++round) {
    const std::vector<Row> rows = random_rows(random, 40 + random() % 80);
    write(rows);
    const auto summary = run({});
    ASSERT_TRUE(summary) << summary.error().message;
    const Removals expected = naive_dedup(rows, kLlmJp.threshold);
    Removals found;
    for (const Json& line : lines("removals.jsonl")) {
      found[line["id"]] = {line["kept_id"], line["jaccard"]};
      EXPECT_EQ(
          line["method"] == "exact", line["jaccard"] == 1.0 && [&] {
            const auto text = [&](const Json& id) {
              return std::find_if(rows.begin(), rows.end(),
                                  [&](const Row& r) { return r.id == id; })
                  ->text;
            };
            return text(line["id"]) == text(line["kept_id"]);
          }());
    }
    EXPECT_EQ(found, expected) << "round " << round;
    EXPECT_EQ(summary->kept + expected.size(), rows.size());

    std::string kept;
    for (const Row& row : rows) {
      if (!expected.contains(row.id)) kept += json_line(row);
    }
    EXPECT_EQ(file("part-00000.jsonl"), kept) << "kept rows stay as they were, in order";
  }
}

TEST_F(Dedup, GivesTheSameBytesOnAnyNumberOfShardsAndThreadsAndWithAnyMemory) {
  std::mt19937_64 random(testing::test_seed());
  for (const MinHashParameters& preset : {kLlmJp, kDatatrove}) {
    write(random_rows(random, 1500), 5);
    DedupOptions options;
    options.parameters = preset;
    options.parts.part_bytes = 100'000;
    options.num_shards = 1;
    ASSERT_TRUE(run(options));
    const std::string manifest = file("manifest.json");
    EXPECT_THAT(manifest, HasSubstr("part-00001.jsonl"));
    for (const auto& [shards, threads, memory] : std::vector<std::tuple<uint32_t, int, uint64_t>>{
             {7, 1, 1 << 30}, {64, 3, 1 << 30}, {7, 8, 1}, {1, 2, 100'000}}) {
      options.num_shards = shards;
      options.num_threads = threads;
      options.memory_bytes = memory;
      options.isa = is_supported(Isa::kAvx2) && shards == 7 ? Isa::kAvx2 : Isa::kScalar;
      ASSERT_TRUE(run(options));
      EXPECT_EQ(file("manifest.json"), manifest) << shards << " shards, " << threads << " threads";
    }
  }
}

TEST_F(Dedup, KeepsTheRowThatStatesALicenceThenTheEarlier) {
  const std::string text = "いろはにほへとちりぬるをわかよたれそつねならむ";
  write({{"a", text, ""}, {"b", text, "MIT"}, {"c", text, "Apache-2.0"}, {"d", text, "mit"}});
  const auto summary = run({});
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->license_conflicts, 1u);
  const std::vector<Json> removals = lines("removals.jsonl");
  ASSERT_EQ(removals.size(), 3u);
  for (const Json& removal : removals) {
    EXPECT_EQ(removal["kept_id"], "b");
    EXPECT_EQ(removal["kept_license"], "MIT");
    EXPECT_EQ(removal["license_conflict"], removal["id"] == "c");
  }
  EXPECT_EQ(removals[0]["license"], nullptr);
  const Manifest manifest = read_manifest(folder_ / "out", kDedupFormat, kDedupVersion).value();
  EXPECT_EQ(dump_json(manifest.facts["conflicting_licenses"]),
            R"([{"kept":"MIT","removed":"Apache-2.0","rows":1}])");
}

TEST_F(Dedup, TakesTextsThatDifferOnlyInWidthForTheSame) {
  write({{"a", "ガギグゲゴ １２３", ""}, {"b", "ｶﾞｷﾞｸﾞｹﾞｺﾞ 123", ""}});
  DedupOptions options;
  options.minhash = false;
  ASSERT_TRUE(run(options));
  const auto removals = lines("removals.jsonl");
  ASSERT_EQ(removals.size(), 1u);
  EXPECT_EQ(removals[0]["method"], "exact");
}

/// a–b and b–c are alike, a–c are not: c goes for neither b, which is gone, nor a.
TEST_F(Dedup, NeverRemovesARowForOneItIsNotLike) {
  const auto window = [](char32_t begin) {
    std::string text;
    for (char32_t c = begin; c < begin + 100; ++c) append_char(0x4E00 + c, text);
    return text;
  };
  write({{"a", window(0), ""}, {"b", window(5), ""}, {"c", window(10), ""}});
  DedupOptions options;
  options.parameters.threshold = 0.85;  // 5 of 100 characters off: 0.90, 10 off: 0.81
  ASSERT_TRUE(run(options));
  for (const Json& removal : lines("removals.jsonl")) {
    EXPECT_GE(removal["jaccard"].get<double>(), 0.85);
    EXPECT_EQ(removal["kept_id"], "a");
    EXPECT_NE(removal["id"], "c");
  }
}

TEST_F(Dedup, ListsRowsThatCannotBeReadAndKeepsUnknownFieldsAsTheyStand) {
  fs::create_directories(folder_ / "in");
  const std::string good = R"({ "n":1.00,"text":"あ\u3042", "x":{"y":[null]} })";
  ASSERT_TRUE(
      write_file(folder_ / "in/a.jsonl", good + "\r\n\n{\"text\":7}\nnonsense\n{\"text\":\"\"}\n"));
  ASSERT_TRUE(write_file(folder_ / "in/b.txt", "本文\n二行目"));
  const auto summary = run({});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->rejected, 2u);
  EXPECT_EQ(file("part-00000.jsonl"),
            good + "\n{\"text\":\"\"}\n{\"title\":\"b.txt\",\"text\":\"本文\\n二行目\"}\n");
  const auto rejects = lines("rejects.jsonl");
  ASSERT_EQ(rejects.size(), 2u);
  EXPECT_EQ(rejects[0]["file"], "a.jsonl");
  EXPECT_EQ(rejects[0]["line"], 3);
  EXPECT_EQ(rejects[1]["line"], 4);
}

TEST_F(Dedup, TakesATextFileThatIsAnotherEncodingOnlyByChance) {
  fs::create_directories(folder_ / "in");
  ASSERT_TRUE(write_file(folder_ / "in/a.txt", "ああ"));  // well-formed Shift_JIS, too
  const auto summary = run({});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->rejected, 0u);
}

TEST_F(Dedup, GivesARowWithoutAnIdThatOfItsText) {
  fs::create_directories(folder_ / "in");
  ASSERT_TRUE(write_file(folder_ / "in/a.jsonl", "{\"text\":\"abc\"}\n{\"text\":\"abc\"}\n"));
  ASSERT_TRUE(run({}));
  const auto removals = lines("removals.jsonl");
  ASSERT_EQ(removals.size(), 1u);
  EXPECT_EQ(removals[0]["id"], "sha256:ba7816bf8f01cfea");
  EXPECT_EQ(removals[0]["line"], 2);
  EXPECT_EQ(removals[0]["kept_line"], 1);
}

TEST_F(Dedup, LeavesNothingWhenTheDiskFails) {
  std::mt19937_64 random(testing::test_seed());
  write(random_rows(random, 30));
  for (uint64_t fail_at = 0;; ++fail_at) {
    testing::FailingDisk disk(fail_at);
    const auto summary = run({}, "out" + std::to_string(fail_at), &disk);
    if (summary) {
      EXPECT_GT(fail_at, 5u);
      break;
    }
    if (fs::exists(folder_ / ("out" + std::to_string(fail_at)))) {
      EXPECT_TRUE(read_manifest(folder_ / ("out" + std::to_string(fail_at))));
    }
  }
}

TEST_F(Dedup, GoesOnAfterAFailureToTheSameBytes) {
  std::mt19937_64 random(testing::test_seed());
  write(random_rows(random, 400), 7);  // a batch is of one file
  ASSERT_TRUE(run({}));
  const auto whole = file("manifest.json");
  DedupOptions options;
  options.resume_bytes = 1;  // a resume point after every batch
  const auto go_on = [&](Disk* disk) -> Result<uint64_t> {
    YURAI_ASSIGN(const InputList inputs, list_inputs({folder_ / "in"}));
    YURAI_ASSIGN(StagingDirectory stage,
                 StagingDirectory::create(folder_ / "again", {.resume = true, .disk = disk}));
    const uint64_t finished = finished_rows(stage).value_or(0);
    fs::create_directories(stage.path() / "scratch");
    const auto workers = one_worker();
    YURAI_TRY(dedup(inputs, options, &stage, stage.path() / "scratch", *workers, no_progress));
    YURAI_TRY(stage.commit());
    return finished;
  };
  std::set<uint64_t> began_at;
  for (uint64_t fail_at = 1;; fail_at += fail_at < 40 ? 1 : 97) {  // ever further
    testing::FailingDisk disk(fail_at);
    const auto finished = go_on(&disk);
    if (!finished) {
      ASSERT_THAT(finished.error().message, HasSubstr("No space left")) << fail_at;
      ASSERT_LT(fail_at, 5000u);
      continue;
    }
    began_at.insert(*finished);
    break;
  }
  EXPECT_EQ(began_at, std::set<uint64_t>{400});
  EXPECT_EQ(read_file(folder_ / "again" / "manifest.json").value(), whole);
  EXPECT_FALSE(fs::exists(folder_ / "again" / "scratch"));
}

TEST_F(Dedup, DoesNotGoOnFromOtherInputsOptionsOrDamagedKeys) {
  std::mt19937_64 random(testing::test_seed());
  const auto rows = random_rows(random, 300);
  write(rows, 5);
  DedupOptions options;
  options.resume_bytes = 1;
  const auto attempt = [&](const DedupOptions& with, Disk* disk) -> Result<void> {
    YURAI_ASSIGN(const InputList inputs, list_inputs({folder_ / "in"}));
    YURAI_ASSIGN(StagingDirectory stage,
                 StagingDirectory::create(folder_ / "again", {.resume = true, .disk = disk}));
    fs::create_directories(stage.path() / "scratch");
    const auto workers = one_worker();
    YURAI_TRY(dedup(inputs, with, &stage, stage.path() / "scratch", *workers, no_progress));
    return stage.commit();
  };
  const auto interrupted = [&] {
    fs::remove_all(folder_ / "again.partial");
    testing::FailingDisk disk(8);  // after some resume points
    ASSERT_FALSE(attempt(options, &disk));
    ASSERT_TRUE(fs::exists(folder_ / "again.partial"));
  };
  interrupted();
  DedupOptions other = options;
  other.parameters.num_bands = 19;
  EXPECT_THAT(attempt(other, nullptr).error().message, HasSubstr("configuration"));
  other = options;
  other.num_shards = 3;
  EXPECT_THAT(attempt(other, nullptr).error().message, HasSubstr("configuration"));
  auto changed = rows;
  changed[0].text += "。";
  write(changed, 5);
  EXPECT_THAT(attempt(options, nullptr).error().message, HasSubstr("are not those"));
  write(rows, 5);
  for (const auto& entry : fs::directory_iterator(folder_ / "again.partial" / "scratch")) {
    std::string bytes = read_file(entry.path()).value();
    bytes[3] = static_cast<char>(bytes[3] ^ 1);
    std::ofstream(entry.path(), std::ios::binary) << bytes;
    break;
  }
  EXPECT_THAT(attempt(options, nullptr).error().message, HasSubstr("--force"));
  interrupted();
  EXPECT_TRUE(attempt(options, nullptr));
}

TEST(InputRows, FallToOneWorkerEach) {
  testing::TemporaryDirectory folder;
  std::string many;
  for (int i = 0; i < 3000; ++i) many += "{\"text\":\"" + std::to_string(i) + "\"}\n";
  for (const char* name : {"a.jsonl", "b.jsonl", "c.jsonl"}) {
    ASSERT_TRUE(write_file(folder / name, many));
  }
  const InputList inputs = list_inputs({folder.path()}).value();
  for (const int size : {1, 2, 3, 5}) {
    std::vector<uint64_t> keys;
    for (int rank = 0; rank < size; ++rank) {
      InputRows rows(inputs, {rank, size});
      RowBatch batch;
      while (rows.next(batch).value()) {
        for (const RawRow& row : batch.rows) {
          EXPECT_EQ(row_owner(row.key, 3, size), rank);
          EXPECT_EQ(row.bytes, "{\"text\":\"" + std::to_string(row_line(row.key) - 1) + "\"}");
          keys.push_back(row.key);
        }
      }
    }
    std::sort(keys.begin(), keys.end());
    EXPECT_EQ(std::unique(keys.begin(), keys.end()), keys.end());
    EXPECT_EQ(keys.size(), 9000u) << size;
  }
}

}  // namespace
}  // namespace yurai

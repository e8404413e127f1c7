#include "yurai/corpus/sample_copyright.h"

#include <gmock/gmock.h>

#include <random>
#include <string>

#include "yurai/base/testing.h"

namespace yurai {
namespace {

constexpr std::string_view kDep5 =
    R"(Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: example
# a remark

Files: *
Copyright: 2001-2022 Ann Author <ann@example.org>
           © 2006, Bob Writer
License: GPL-2+

Files: doc/*
       man?/a.1
Copyright: Copyright (C) 1999 Carol. All rights reserved.
License: GFDL-1.3+ or MPL-2.0

Files: doc/free.txt
Copyright: n/a
License: public-domain
 Do what you like.

License: GPL-2+
 This program is free software.
)";

TEST(SampleCopyright, TakesTheLastStanzaThatMatches) {
  const CopyrightFile file = CopyrightFile::parse(kDep5);
  EXPECT_EQ(file.origin_of("src/main.c").license, "GPL-2+");
  EXPECT_EQ(file.origin_of("src/main.c").author, "Ann Author; Bob Writer");
  EXPECT_EQ(file.origin_of("doc/deep/page.html").license, "GFDL-1.3+ or MPL-2.0");
  EXPECT_EQ(file.origin_of("doc/deep/page.html").author, "Carol");
  EXPECT_EQ(file.origin_of("man3/a.1").author, "Carol");
  EXPECT_EQ(file.origin_of("doc/free.txt").license, "public-domain");
  EXPECT_EQ(file.origin_of("doc/free.txt").author, "");
}

TEST(SampleCopyright, ReadsFreeText) {
  const CopyrightFile file = CopyrightFile::parse(
      "This package was debianized by somebody.\n\nCopyright:\nCopyright (c) 2018, 2019 University "
      "of Cambridge\n\nLicense:\nGPL v2+\n");
  EXPECT_EQ(file.origin_of("any").license, "GPL-2.0-or-later");
  EXPECT_EQ(file.origin_of("any").author, "University of Cambridge");
}

TEST(SampleCopyright, GuessesNothingFromFreeTextWithoutAKnownLicence) {
  EXPECT_EQ(CopyrightFile::parse("These pages are distributed under varieties of licenses.\n")
                .origin_of("a")
                .license,
            "");
}

TEST(SampleCopyright, MatchesWildcardsLikeDebian) {
  EXPECT_TRUE(matches_pattern("*", "a/b"));
  EXPECT_TRUE(matches_pattern("doc/*", "doc/a/b.html"));
  EXPECT_TRUE(matches_pattern("*.h?ml", "a/b.html"));
  EXPECT_TRUE(matches_pattern("a*b*c", "a/x/b/y/c"));
  EXPECT_FALSE(matches_pattern("doc/*", "docs/a"));
  EXPECT_FALSE(matches_pattern("a?", "a"));
  EXPECT_FALSE(matches_pattern("", "a"));
  EXPECT_TRUE(matches_pattern("", ""));
}

TEST(SampleCopyright, RecognisesLicencesByTheirWording) {
  const auto check = [](std::string_view notice, std::string_view license) {
    EXPECT_EQ(recognise_license(notice), license) << notice;
  };
  check("SPDX-License-Identifier: GPL-1.0-or-later */\nmore", "GPL-1.0-or-later");
  check("%%%LICENSE_START(VERBATIM)\nPermission ...", "Linux-man-pages-copyleft");
  check("%%%LICENSE_START(LDPv1)", "LDPv1");
  check(
      "under the terms of the GNU General Public License as\n * published by the Free Software "
      "Foundation; either version 2 of\n * the License, or (at your option) any later version.",
      "GPL-2.0-or-later");
  check("the GNU General Public License, version 3.", "GPL-3.0-only");
  check("the GNU Free Documentation License, Version 1.2 or any later version",
        "GFDL-1.2-or-later");
  check("distributed under the GNU General Public License.", "");
  check(
      "Redistribution and use in source and binary forms, with or without modification, are "
      "permitted ... 2. Redistributions in binary form ...",
      "BSD-2-Clause");
  check(
      "Redistribution and use in source and binary forms ... may be used to endorse or promote "
      "products",
      "BSD-3-Clause");
  check("Permission is hereby granted, free of charge, to any person obtaining a copy", "MIT");
  check("nothing of that kind", "");
}

TEST(SampleCopyright, GuessesNothingWhereThereAreTwoLicences) {
  EXPECT_EQ(recognise_license("either the GNU General Public License, version 2 or later version, "
                              "or: Redistribution and use in source and binary forms"),
            "");
}

TEST(SampleCopyright, FindsTheHolders) {
  EXPECT_EQ(copyright_holders("Copyright (C) 1999-2001 JM Project All rights reserved."),
            "JM Project");
  EXPECT_EQ(copyright_holders("Copyright 1992, 1994 by A <a@b.c>\nand Copyright (c) 2008 B\n"
                              "the above copyright notice\nCopyright (c) 2008 B"),
            "A; B");
  EXPECT_EQ(copyright_holders("Japanese Version Copyright (c) 2001 Yuichi SATO\n  all rights"),
            "Yuichi SATO");
  EXPECT_EQ(copyright_holders("no such line 2001"), "");
}

TEST(SampleCopyright, BoundsTheListOfHolders) {
  std::string notice;
  for (int i = 0; i < 100; ++i) notice += "Copyright 2001 Person" + std::to_string(i) + "\n";
  const std::string holders = copyright_holders(notice);
  EXPECT_LE(holders.size(), 200u);
  EXPECT_THAT(holders, ::testing::EndsWith(" et al."));
}

TEST(SampleCopyright, SurvivesAnyBytes) {
  std::mt19937_64 random(testing::test_seed());
  const std::string dep5(kDep5);
  for (int round = 0; round < 2'000; ++round) {
    std::string bytes = dep5.substr(0, random() % dep5.size());
    for (int i = 0; i < 5 && !bytes.empty(); ++i) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    EXPECT_LE(CopyrightFile::parse(bytes).origin_of("doc/a").author.size(), 200u);
    (void)origin_of_notice(bytes);
  }
}

}  // namespace
}  // namespace yurai

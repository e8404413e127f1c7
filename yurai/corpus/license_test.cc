#include "yurai/corpus/license.h"

#include <gtest/gtest.h>

#include "yurai/corpus/spdx_table.h"

namespace yurai {
namespace {

std::string spdx(std::string_view given) {
  const License license = normalize_license(given);
  return license.spdx ? license.name : "not SPDX: " + license.name;
}

TEST(License, MapsDebiansShortNames) {
  EXPECT_EQ(spdx("GPL-2+"), "GPL-2.0-or-later");
  EXPECT_EQ(spdx("GPL-2"), "GPL-2.0-only");
  EXPECT_EQ(spdx("GPL-3.0+"), "GPL-3.0-or-later");
  EXPECT_EQ(spdx("GPLv2+"), "GPL-2.0-or-later");
  EXPECT_EQ(spdx("LGPL-2.1+"), "LGPL-2.1-or-later");
  EXPECT_EQ(spdx("LGPL-2"), "LGPL-2.0-only");
  EXPECT_EQ(spdx("AGPL-3+"), "AGPL-3.0-or-later");
  EXPECT_EQ(spdx("GFDL-1.2+"), "GFDL-1.2-or-later");
  EXPECT_EQ(spdx("GFDL-NIV-1.3+"), "GFDL-1.3-no-invariants-or-later");
  EXPECT_EQ(spdx("Expat"), "MIT");
  EXPECT_EQ(spdx("Apache-2"), "Apache-2.0");
  EXPECT_EQ(spdx("Apache-2.0"), "Apache-2.0");
  EXPECT_EQ(spdx("Artistic"), "Artistic-1.0");
  EXPECT_EQ(spdx("BSD-3-clause"), "BSD-3-Clause");
  EXPECT_EQ(spdx("PSF-2"), "PSF-2.0");
  EXPECT_EQ(spdx("CC-BY-SA-3"), "CC-BY-SA-3.0");
  EXPECT_EQ(spdx("zlib"), "Zlib");
}

TEST(License, ReadsExpressionsInSpdxAndInDebiansWords) {
  EXPECT_EQ(spdx("mit or apache-2.0"), "MIT OR Apache-2.0");
  EXPECT_EQ(spdx("GPL-2+ or Artistic"), "GPL-2.0-or-later OR Artistic-1.0");
  EXPECT_EQ(spdx("Expat and BSD-2-clause"), "MIT AND BSD-2-Clause");
  EXPECT_EQ(spdx("GPL-2, or MIT"), "GPL-2.0-only OR MIT");
  EXPECT_EQ(spdx("GPL-2+ or Artistic, and BSD-3-clause"),
            "(GPL-2.0-or-later OR Artistic-1.0) AND BSD-3-Clause");
  EXPECT_EQ(spdx("MIT OR ISC AND Zlib"), "MIT OR (ISC AND Zlib)");
  EXPECT_EQ(spdx("(MIT OR ISC) AND Zlib"), "(MIT OR ISC) AND Zlib");
  EXPECT_EQ(spdx("((MIT))"), "MIT");
  EXPECT_EQ(spdx("gpl-2.0-or-later with classpath-exception-2.0"),
            "GPL-2.0-or-later WITH Classpath-exception-2.0");
  EXPECT_EQ(spdx("Apache-1.1+"), "Apache-1.1+");
  EXPECT_EQ(spdx("LicenseRef-mine.1 AND MIT"), "LicenseRef-mine.1 AND MIT");
}

TEST(License, KeepsWhatItDoesNotUnderstandByteForByte) {
  for (const std::string given : {"public-domain",
                                  "Public-Domain OR CC0-1.0",
                                  "GPL-2+ with OpenSSL exception",
                                  "BSD",
                                  "GPL",
                                  "MIT OR",
                                  "(MIT",
                                  "MIT)",
                                  "MIT ISC",
                                  "MIT, ISC",
                                  "OR",
                                  "",
                                  " ",
                                  "GPL-2x",
                                  "GPL-9",
                                  "MIT WITH MIT",
                                  "LicenseRef-",
                                  "LicenseRef-a_b",
                                  "公有",
                                  "A, or B, and C",
                                  "-2",
                                  "2"}) {
    EXPECT_EQ(spdx(given), "not SPDX: " + given);
  }
  EXPECT_FALSE(normalize_license(std::string(100000, '(')).spdx);
  EXPECT_FALSE(normalize_license(std::string(500, '(')).spdx);
}

TEST(License, NormalizesEveryIdentifierOnce) {
  ASSERT_GT(spdx_licenses().size(), 700U);
  for (const std::string_view id : spdx_licenses()) {
    const License once = normalize_license(id);
    EXPECT_TRUE(once.spdx) << id;
    const License twice = normalize_license(once.name);
    EXPECT_TRUE(twice.spdx) << id;
    EXPECT_EQ(twice.name, once.name);
  }
}

TEST(License, GivesEveryOtherLicenceItsOwnReference) {
  EXPECT_EQ(license_ref("public-domain"), "LicenseRef-public-domain");
  EXPECT_EQ(license_ref("public domain").find("LicenseRef-public-domain-"), 0U);
  EXPECT_NE(license_ref("public domain"), license_ref("public_domain"));
  EXPECT_NE(license_ref("公有"), license_ref("私有"));
  EXPECT_NE(license_ref(std::string(65000, 'a')), license_ref(std::string(65001, 'a')));
  for (const std::string_view name : {"公有", "a b", "", "<script>", "x/../y"}) {
    EXPECT_TRUE(normalize_license(license_ref(name)).spdx) << name;
  }
}

}  // namespace
}  // namespace yurai

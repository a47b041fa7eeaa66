// Kamailio's own KEMI examples (GPL, so they are read where Debian's package or a source tree has them, not kept here): the check of scripts
// says nothing about them that is not so. KAMAILIO_EXAMPLES names another folder with misc/examples; a missing folder is a skip, under CI a
// failure.

import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { renderDiagnostic } from "../../src/script/index.ts";
import { findings } from "./check-scripts.ts";

const FOLDER = `${process.env["KAMAILIO_EXAMPLES"] ?? "/usr/share/doc/kamailio/examples"}/kemi`;
const inCi = process.env["CI"] === "true" || process.env["CI"] === "1";
const CONFIG = "kamailio-basic-kemi.cfg";

function files(change: (config: string) => string = (config) => config): Map<string, string> {
  const read = (name: string): string => readFileSync(`${FOLDER}/${name}`, "latin1");
  const config = read(CONFIG);
  const out = new Map([["portico.cfg", change(config)]]);
  for (const [, path, name] of config.matchAll(/"load", "(\/[^"]*\/(kamailio-basic-kemi-(?:lua|python)\.\w+))"/g))
    out.set(path!, read(name!));
  return out;
}

async function said(language: string, change?: (config: string) => string): Promise<string[]> {
  const found = await findings(files(change), [`WITH_CFG${language}`]);
  return found.filter(({ file }) => /\.(lua|py)$/.test(file)).map(renderDiagnostic);
}

describe.runIf(existsSync(FOLDER) || inCi)("Kamailio's KEMI examples", () => {
  const without = (switches: string) => (config: string) =>
    config.replaceAll(new RegExp(`^#!define WITH_(${switches})$`, "gm"), "");

  test.each(["LUA", "PYTHON", "PYTHON3"])("%s: nothing is wrong", async (language) => {
    expect(await said(language)).toEqual([]);
  });

  test("LUA: nothing is wrong without modules that the script asks for", async () => {
    expect(await said("LUA", without("AUTH|IPAUTH|NAT"))).toEqual([]);
  });

  test("a module that the script does not ask for is missed", async () => {
    const found = await said("LUA", without("ANTIFLOOD"));
    expect(found.map((text) => text.split("\n")[0]!.replace(/^.*warning: /, ""))).toEqual([
      "KSR.htable.sht_match_name() needs module htable",
      "KSR.pike.pike_check_req() needs module pike",
      "KSR.htable.sht_seti() needs module htable",
    ]);
  });
});

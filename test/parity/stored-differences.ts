// Where modules that keep tables answer otherwise than Kamailio on purpose.

import type { Difference } from "./language-differences.ts";

export const STORED_DIFFERENCES: readonly Difference[] = [
  {
    why: "The name of a table may be computed; there it is taken as it is written.",
    cases: { "htable: computed table": ["v"] },
  },
  {
    why: "An item that stays has 0 seconds left; there its time reads as a large number when it was set to 0. A text is a number here as elsewhere.",
    cases: {
      "htable: expiry 0": ["stays", "v"],
      "htable: expiry -1": ["stays", "v"],
      "htable: expiry null": ["stays", "v"],
      "htable: expiry text": ["500"],
    },
  },
  {
    why: "sht_setxi() ends the script there.",
    cases: { "htable: sht_setxi": ["rc 1", "100 10"], "htable: sht_setxi of variables": ["rc 1", "3 3"] },
  },
  {
    why: "Keys fall into other slots; which one says nothing.",
    cases: {
      "htable: command dump": [
        'rpc [{"entry":0,"size":1,"slot":[{"name":"k","value":"v","type":"str"}]}]',
        'rpc {"code":500,"message":"No such htable"}',
      ],
      "htable: command dump a number": ['rpc [{"entry":0,"size":1,"slot":[{"name":"k","value":5,"type":"int"}]}]'],
    },
  },
  {
    why: "Arguments of commands are checked before they run, in words of our own.",
    cases: {
      "htable: command arguments": [
        'rpc {"code":400,"message":"htable.get: argument 1 (htable) is missing"}',
        'rpc {"code":400,"message":"htable.get: argument 2 (key) is missing"}',
        'rpc {"code":400,"message":"htable.seti: argument 3 (value) must be a number"}',
        'rpc {"code":400,"message":"htable.dump: argument 1 (htable) is missing"}',
      ],
    },
  },
  {
    why: "A row of which no URI can be made changes nothing; there the R-URI is broken afterwards.",
    cases: {
      "alias_db: sip:empty@here.example ": ["rc -1", "sip:empty@here.example <null> | <null> <null>"],
      "alias_db: sip:nodomain@here.example ": ["rc -1", "sip:nodomain@here.example <null> | <null> <null>"],
      "speeddial: sip:14@x alice@office.example ": ["rc -1", "sip:14@x <null>"],
      "speeddial: sip:15@x alice@office.example ": ["rc -1", "sip:15@x <null>"],
      "speeddial: sip:16@x alice@office.example ": ["rc -1", "sip:16@x <null>"],
    },
  },
  {
    why: "Any variable that can be set may get the result.",
    cases: {
      "alias_db_find: sip:one@here.example  $ru": ["rc 1", "sip:alice@office.example <null> sip:alice@office.example"],
    },
  },
  {
    why: "The commands answer by the rules, as documented; there the answer is always Denied.",
    cases: { "permissions: command testUri": ['rpc "Denied"', 'rpc "Denied"', 'rpc "Allowed"'] },
  },
];

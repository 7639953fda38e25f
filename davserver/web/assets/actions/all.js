/**
 * What can be done with what is selected, in the order of the bar. Another one is another module in this list.
 *
 * An action is a module that exports
 *   label  (targets) => string
 *   icon   name of the sprite
 *   keys   what it listens to, as `keyOfEvent` of keys.js writes it
 *   applies  (targets, listing) => boolean: whether it can be done with these entries, in this listing
 *   run    (targets, page) => Promise: does it; a Refused is shown in words
 */

import * as copy from "./copy.js";
import * as download from "./download.js";
import * as move from "./move.js";
import * as remove from "./remove.js";
import * as rename from "./rename.js";
import * as storage from "./storage.js";
import * as view from "./view.js";
import * as zip from "./zip.js";

export const actions = [view, download, zip, move, copy, rename, storage, remove];

/**
 * The sections of the details panel, in their order. Another one is another module in this list.
 *
 * A section is a module that exports
 *   title    its heading; "" for none
 *   applies  (entry, listing) => boolean
 *   panel    (entry, listing, page) => Node | Promise<Node|null>: what is shown below the heading
 */

import * as facts from "./facts.js";
import * as history from "./history.js";
import * as links from "./links.js";
import * as preview from "./preview.js";
import * as storage from "./storage.js";

export const sections = [preview, facts, links, history, storage];

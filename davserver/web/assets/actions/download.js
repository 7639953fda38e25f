/** Download files: each one by the browser's own means. */

import { h } from "../dom.js";

const MOST = 20;

export const icon = "download";
export const keys = [];
export const label = () => "Download";
export const applies = (targets) => targets.length <= MOST && targets.every((entry) => !entry.folder);

export async function run(targets, page) {
  for (const entry of targets) {
    const link = h("a", { href: page.listing.hrefOf(entry), download: entry.name });
    link.click();
  }
}

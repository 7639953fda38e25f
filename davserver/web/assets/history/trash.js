/** The collections in the trash, for those who may manage them. */

import { ask as question, CANCEL, tell } from "../dialogs.js";
import { button, h, icon } from "../dom.js";
import { json } from "../http.js";
import { complain, toast } from "../toasts.js";
import { count, shown, size, when } from "../words.js";

/** Show the trash. */
export async function showTrash(page) {
  const { prefix } = page.listing;
  try {
    const { collections } = await json("GET", `${prefix}/_/api/trash`);
    const rows = collections.map((each) => row(page, prefix, each));
    const body = rows.length
      ? h("ul", { class: "history" }, ...rows)
      : h("p", { class: "history-empty" }, "Nothing is in the trash.");
    await tell({ title: "Trash", body: [body], wide: true });
  } catch (error) {
    complain(error);
  }
}

function row(page, prefix, each) {
  const name = shown(each.name);
  const until = each.purged_after ? `, for good ${when(Date.parse(each.purged_after) / 1000)}` : "";
  const trashed = when(Date.parse(each.trashed) / 1000);
  const item = h(
    "li",
    {},
    icon("collection"),
    h(
      "div",
      { class: "history-words" },
      h("p", {}, h("bdi", {}, name)),
      h(
        "p",
        { class: "history-about" },
        `${size(each.bytes)}, ${count(each.versions, "version")}, deleted ${trashed}${until}`,
      ),
    ),
  );
  const done = async (words) => {
    item.remove();
    await page.changed();
    toast(words);
  };
  const bringBack = () =>
    json("POST", `${prefix}/_/api/trash/${each.uuid}/restore`).then(
      () => done(`“${name}” is back.`),
      (error) =>
        complain(
          error.status === 409 ? new Error(`Another collection is called “${name}”: rename that one first.`) : error,
        ),
    );
  const purge = async () => {
    const sure = await question({
      title: `Delete “${name}” for good?`,
      body: [h("p", {}, "It goes with its whole history. Nobody can bring it back.")],
      buttons: [CANCEL, { label: "Delete for good", kind: "danger", value: "yes" }],
    });
    if (sure)
      await fetch(`${prefix}/_/api/trash/${each.uuid}`, { method: "DELETE" }).then(
        (answer) => (answer.ok ? done(`“${name}” is gone.`) : complain(new Error("The server could not do that now."))),
        complain,
      );
  };
  item.append(
    h(
      "div",
      { class: "history-ways" },
      button("Restore", "", bringBack, { "aria-label": `Restore ${name}` }),
      button("Delete for good", "", purge, { kind: "dangerous", "aria-label": `Delete ${name} for good` }),
    ),
  );
  return item;
}

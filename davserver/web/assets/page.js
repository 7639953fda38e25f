/** The page's beginning. */
document.documentElement.classList.add("ready");

"""The page: the folders of the URL space, for browsers and the people before them."""

"""XML in and out: the safe parser, the fast writer.

Owns: limits on request documents; escaping; the pieces of a multistatus; the ``DAV:`` namespace and its ``D`` prefix.
Never: builds a tree for a response: they are written as text, so that they can be streamed.
Follows: RFC 4918 sections 8.2, 14 and 17; RFC 3023. Some clients know no other prefix than ``D`` (golang/go #11177)
and trip over white space between elements (Windows XP), so there is none.
Invariants: no document with a DTD is accepted; what is written is well-formed, also for parsers that are stricter than
libxml2, whatever the names of files and properties hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.parsers import expat
from xml.sax.saxutils import escape as _escape

from lxml import etree

from davserver.dav.faults import BadRequest
from davserver.dav.status import LINES

DAV = "{DAV:}"
DEFAULT_LIMIT = 64 << 10
PROPPATCH_LIMIT = 1 << 20
MAX_DEPTH = 32
MAX_ELEMENTS = 4096
_MAX_MARKUP = 4 * MAX_ELEMENTS
DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'
MULTISTATUS_OPEN = DECLARATION + '<D:multistatus xmlns:D="DAV:">'
MULTISTATUS_CLOSE = "</D:multistatus>"

ENCODINGS = frozenset({b"utf-8", b"utf-16", b"us-ascii", b"iso-8859-1"})
"""What a document of one byte per ASCII character may declare; one of two bytes declares nothing that counts."""

_ENCODING = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml[^>]*?[ \t\r\n]encoding[ \t\r\n]*=[ \t\r\n]*[\"']([^\"'>]*)")
_NOT_IN_A_URI = re.compile(r'[\x00-\x20<>"{}|\\^`\x7f]')
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SPECIAL = re.compile("[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

Element = etree._Element  # noqa: SLF001 - lxml's public name for the type


def parse(body: bytes, *, root: str | None = None) -> Element:
    """Read a request document; ``root`` is the qualified name it must have, ``{DAV:}propfind``.

    Comments and processing instructions are dropped. Raises BadRequest for malformed XML, a DTD, an encoding beside
    those of ``ENCODINGS``, another root, or more than ``MAX_DEPTH`` levels or ``MAX_ELEMENTS`` elements. The caller
    limits the size (``Body.read_all``).
    """
    _check_encoding(body)
    if body.count(b"<") > _MAX_MARKUP:  # looked at before the parser makes some hundred bytes of every four
        raise BadRequest(f"XML with more than {MAX_ELEMENTS} elements")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        document = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadRequest(f"malformed XML: {error}") from None
    if document.getroottree().docinfo.internalDTD is not None:
        raise BadRequest("a document type declaration is not accepted")
    _check_shape(document)
    if root is not None and document.tag != root:
        raise BadRequest(f"the document is a {document.tag}, not a {root}")
    return document


def _check_encoding(body: bytes) -> None:
    """Refuse what libxml2 would hand to the C library's hundreds of converters, which had holes (CVE-2024-2961)."""
    declared = _ENCODING.match(body)
    if declared is not None and declared[1].lower() not in ENCODINGS:
        raise BadRequest("XML is read in UTF-8 and UTF-16")


def _check_shape(document: Element) -> None:
    for declared in document.nsmap.items():  # the walk begins behind the declarations of its root
        _check_prefix(*declared)
    depth = elements = 0
    for event, item in etree.iterwalk(document, events=("start", "end", "start-ns")):
        if event == "end":
            depth -= 1
            continue
        if event == "start-ns":
            _check_prefix(*item)
            continue
        _check_names(item.tag, *item.keys())
        depth += 1
        elements += 1
        if depth > MAX_DEPTH:
            raise BadRequest(f"XML nested deeper than {MAX_DEPTH} levels")
        if elements > MAX_ELEMENTS:
            raise BadRequest(f"XML with more than {MAX_ELEMENTS} elements")


def _check_prefix(prefix: str | None, uri: str | None) -> None:
    """Refuse a prefix that is no name, or taken out of its namespace, and a namespace of characters no URI has.

    Only XML 1.1 knows the second. Of the third, expat refuses a document with the character that its user has chosen to
    stand between namespace and name, and Python's is ``}``: one property made a folder unreadable to its clients.
    """
    if uri and _NOT_IN_A_URI.search(uri):
        raise BadRequest(f"the namespace {uri!r} is no URI")
    if prefix:
        _check_names(prefix)
        if not uri:
            raise BadRequest(f"the prefix {prefix!r} is in no namespace")


def _check_names(*names: str) -> None:
    """Refuse a local name or a prefix that libxml2 lets pass, and others would stumble over.

    That is one with a colon (``<:a/>`` is no NCName), and one with characters that came with the fifth edition of
    XML 1.0, which expat does not follow: many clients read with it.
    """
    for name in names:
        local = name.rpartition("}")[2]
        if ":" in local or not (local.isascii() or _is_name_to_expat(local)):
            raise BadRequest(f"{name!r} is no name in a namespace")


def _is_name_to_expat(name: str) -> bool:
    try:
        expat.ParserCreate().Parse(f"<{name}/>".encode(), True)  # noqa: FBT003  # pyexpat takes no keywords
    except expat.ExpatError:
        return False
    return True


def self_contained(element: Element) -> str:
    """Write an element so that it means the same anywhere: its namespaces and its language stand on itself.

    This is the stored form of a dead property (``Attributes.properties``), language per RFC 4918 section 4.3.
    An inherited language is written onto the element given.
    """
    for holder in (element, *element.iterancestors()):
        language = holder.get(_LANG)
        if language is not None:
            element.set(_LANG, language)
            break
    return etree.tostring(element, encoding="unicode", with_tail=False)


def escape(value: str) -> str:
    """Escape text content; characters XML 1.0 cannot hold become U+FFFD."""
    if not _SPECIAL.search(value):
        return value
    return _escape(_UNWRITABLE.sub("\ufffd", value)).replace("\r", "&#13;")


def empty_element(name: str) -> str:
    """Write ``<D:getetag/>`` for ``{DAV:}getetag``, any other name with its own declaration.

    ``name`` must be a name a parser gave, or a known one: it is not checked again.
    """
    return element(name, "")


def element(name: str, content: str) -> str:
    """Write an element around content that is XML already."""
    namespace, local = split_name(name)
    if namespace == "DAV:":
        tag, declaration = f"D:{local}", ""
    elif namespace:
        tag, declaration = f"x:{local}", f' xmlns:x="{_escape(namespace, {chr(34): "&quot;"})}"'
    else:
        tag, declaration = local, ' xmlns=""'
    return f"<{tag}{declaration}>{content}</{tag}>" if content else f"<{tag}{declaration}/>"


def split_name(name: str) -> tuple[str, str]:
    """Split ``{namespace}local``; the namespace is "" for a name in none."""
    if name.startswith("{"):
        namespace, _, local = name[1:].rpartition("}")
        return namespace, local
    return "", name


def propstat(status: int, properties: str, *, code: str = "") -> str:
    """Write a propstat around properties that are XML already; ``code`` is the precondition element of a refusal."""
    error = f"<D:error><D:{code}/></D:error>" if code else ""
    return f"<D:propstat><D:prop>{properties}</D:prop><D:status>HTTP/1.1 {LINES[status]}</D:status>{error}</D:propstat>"


def response(href: str, content: str) -> str:
    """Write a response; ``href`` is one of ``paths.href_of`` (needs no escape), content is propstats."""
    return f"<D:response><D:href>{href}</D:href>{content}</D:response>"


def status_response(href: str, status: int, code: str = "") -> str:
    """Write a response that is one status, with the precondition element of the error if it has one."""
    error = f"<D:error><D:{code}/></D:error>" if code else ""
    return response(href, f"<D:status>HTTP/1.1 {LINES[status]}</D:status>{error}")


def multistatus(responses: Iterable[str]) -> bytes:
    """Write a whole multistatus from written responses; for the short ones (streamed ones: ``propfind``)."""
    return (MULTISTATUS_OPEN + "".join(responses) + MULTISTATUS_CLOSE).encode()


def error_document(code: str, hrefs: Iterable[str] = (), message: str = "") -> bytes:
    """Write a ``DAV:error`` with one precondition element, the hrefs it is about, and what to tell a person.

    The message is in SabreDAV's element: the one that ownCloud's and Nextcloud's clients show.
    """
    content = "".join(f"<D:href>{escape(href)}</D:href>" for href in hrefs)
    body = f"<D:{code}>{content}</D:{code}>" if content else f"<D:{code}/>"
    if message:
        body += f'<s:message xmlns:s="http://sabredav.org/ns">{escape(message)}</s:message>'
    return f'{DECLARATION}<D:error xmlns:D="DAV:">{body}</D:error>'.encode()

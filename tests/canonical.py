"""What two documents have to have in common to say the same."""

from lxml import etree


def canonical(content: bytes) -> str:
    """A document without what XML itself says means nothing: C14N 2.0 without prefixes."""
    parser = etree.XMLParser(remove_comments=True, remove_pis=True)
    text = etree.tostring(etree.fromstring(content, parser)).decode()
    return str(etree.canonicalize(text, strip_text=True, rewrite_prefixes=True))

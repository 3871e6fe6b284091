"""Language codes of MP4: three letters of ISO 639-2/T."""

from __future__ import annotations

_PAIRS = (
    "af:afr am:amh ar:ara as:asm az:aze be:bel bg:bul bn:ben bs:bos ca:cat cs:ces cy:cym "
    "da:dan de:deu el:ell en:eng eo:epo es:spa et:est eu:eus fa:fas fi:fin fr:fra ga:gle "
    "gl:glg gu:guj he:heb hi:hin hr:hrv hu:hun hy:hye id:ind is:isl it:ita ja:jpn ka:kat "
    "kk:kaz km:khm kn:kan ko:kor ky:kir la:lat lo:lao lt:lit lv:lav mk:mkd ml:mal mn:mon "
    "mr:mar ms:msa mt:mlt my:mya nb:nob ne:nep nl:nld nn:nno no:nor or:ori pa:pan pl:pol "
    "ps:pus pt:por ro:ron ru:rus sd:snd si:sin sk:slk sl:slv so:som sq:sqi sr:srp sv:swe "
    "sw:swa ta:tam te:tel th:tha tl:tgl tr:tur uk:ukr ur:urd uz:uzb vi:vie yo:yor zh:zho "
    "zu:zul"
)
_CODES = dict(pair.split(":") for pair in _PAIRS.split())


def iso_639_2(tag: str) -> str:
    """Returns the code of the language of a BCP-47 tag; "und" if it is unknown."""
    language = tag.split("-")[0].lower()
    return language if len(language) == 3 else _CODES.get(language, "und")

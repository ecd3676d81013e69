"""QR codes (ISO/IEC 18004) of addresses, as SVG."""

import qrcode
from qrcode.image.svg import SvgPathImage


def qr_svg(text: str) -> str:
    """An SVG element of a QR code, black on white, with its quiet zone; a quarter of it may be dirty or torn."""
    code = qrcode.QRCode(
        error_correction=qrcode.ERROR_CORRECT_Q, border=4, box_size=10, image_factory=SvgPathImage
    )
    code.add_data(text)
    code.make(fit=True)
    svg: str = code.make_image().to_string(encoding="unicode")
    return svg

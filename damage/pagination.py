"""How long lists are cut."""

from rest_framework.pagination import PageNumberPagination


class Pages(PageNumberPagination):
    """A hundred rows a page, up to a thousand when asked."""

    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 1000

"""HTTP and the API of the local suite, as clients use them."""

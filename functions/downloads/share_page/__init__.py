"""The page of a share link: a player with chapters and transcript, a picture, or a download."""

package dev.coracle;

/** What comes of something that has no result. */
enum Done {
    /** It is done. */
    DONE
}

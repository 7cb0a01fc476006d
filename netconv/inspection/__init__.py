"""What nets and models contain, as text and as pictures. Nothing is trained or written here but pictures."""
